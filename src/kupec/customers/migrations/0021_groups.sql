-- What prices and promotions ask about a customer.
alter table party add column price_group text;
alter table party add column segments text[] not null default '{}';
