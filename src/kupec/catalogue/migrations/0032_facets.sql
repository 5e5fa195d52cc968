-- How the value of an attribute stands in an address: in small letters, and in English where it is in several languages,
-- so that an address keeps its meaning when the language is switched.
alter table product_attribute add column facet_value text not null generated always as (
    left(lower(coalesce(value ->> 'en', value ->> 'cs', value ->> 'pl', value #>> '{}')), 100)
) stored;
create index product_attribute_facet on product_attribute (code, facet_value) include (product_id);
