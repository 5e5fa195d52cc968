-- The card by which a purchase is tried, so that every try is the same; one that its owner takes back leaves none.
alter table purchase add column card_id uuid references stored_card (id) on delete set null;
