-- Made to order: the inputs a buyer fills in, see options.py. Days to make it are working days, as for delivery.
alter table product
    add column options jsonb not null default '[]',
    add column lead_days int not null default 0 check (lead_days between 0 and 365),
    add column service_interval_days int check (service_interval_days > 0);

-- Null: nobody watches it. Otherwise it is on the list of what runs low while no more than this is free.
alter table variant add column reorder_point int check (reorder_point >= 0);
create index variant_watched on variant (id) where reorder_point is not null;

-- The codes of a product's categories and of all above them, so that a sale need not climb the tree.
alter table product add column category_codes text[] not null default '{}';
with recursive within as (
    select pc.product_id, pc.category_id from product_category pc
    union
    select w.product_id, c.parent_id from within w join category c on c.id = w.category_id where c.parent_id is not null
)
update product p set category_codes = w.codes
from (select w.product_id, array_agg(c.code order by c.code) as codes
      from within w join category c on c.id = w.category_id group by 1) w
where w.product_id = p.id;

-- "this fits that": read from both ends.
create table product_relation (
    from_product uuid not null references product (id) on delete cascade,
    kind text not null check (kind in ('fits', 'spare_part_of', 'consumed_by', 'accessory_of', 'related')),
    to_product uuid not null references product (id) on delete cascade,
    position int not null default 0,
    primary key (from_product, kind, to_product),
    check (from_product <> to_product)
);
create index product_relation_to on product_relation (to_product, kind);

-- Said of a product about one that has not come in yet.
create table product_relation_wanted (
    from_product uuid not null references product (id) on delete cascade,
    kind text not null,
    to_external_id text not null,
    position int not null default 0,
    primary key (from_product, kind, to_external_id)
);
create index product_relation_wanted_to on product_relation_wanted (to_external_id);

-- A variant that is sold as several others. It has no stock of its own, and `bundle` is set on it.
alter table variant add column bundle boolean not null default false;
create table bundle_item (
    bundle_id uuid not null references variant (id) on delete cascade,
    component_id uuid not null references variant (id),
    quantity int not null check (quantity > 0),
    position int not null default 0,
    primary key (bundle_id, component_id),
    check (bundle_id <> component_id)
);
create index bundle_item_component on bundle_item (component_id);

create table price_list (
    id uuid primary key,
    code text not null unique,
    name text not null,
    currency text not null,
    -- Whom it is for; null: everybody.
    price_group text,
    includes_vat boolean not null default true,
    valid_from timestamptz,
    -- The first moment at which it no longer holds.
    valid_until timestamptz,
    active boolean not null default true,
    created_at timestamptz not null,
    check (valid_from < valid_until)
);

-- `amount` is for one piece, when at least `min_quantity` are bought.
create table price_list_item (
    price_list_id uuid not null references price_list (id) on delete cascade,
    variant_id uuid not null references variant (id) on delete cascade,
    min_quantity int not null default 1 check (min_quantity > 0),
    amount bigint not null check (amount >= 0),
    primary key (variant_id, price_list_id, min_quantity)
);
create index price_list_item_list on price_list_item (price_list_id);

-- What is known about the codes that stand in product_attribute.
create table attribute (
    code text primary key,
    names jsonb not null default '{}',
    kind text not null default 'text' check (kind in ('text', 'number', 'flag')),
    unit text not null default '',
    -- Whether lists of products may be narrowed by it.
    facet boolean not null default false,
    position int not null default 0
);
insert into attribute (code, position)
select code, row_number() over (order by min(position), code) - 1 from product_attribute group by code;

-- What came in together. `id` is the key by which a repeated command is known.
create table goods_receipt (
    id uuid primary key,
    number bigint generated always as identity unique,
    location_id uuid not null references location (id),
    reference text not null,
    supplier text not null default '',
    received_at timestamptz not null,
    author text not null
);
create index goods_receipt_received on goods_receipt (received_at desc, id desc);
create table goods_receipt_line (
    receipt_id uuid not null references goods_receipt (id) on delete cascade,
    position int not null,
    variant_id uuid not null references variant (id),
    quantity int not null check (quantity > 0),
    primary key (receipt_id, position)
);
create index goods_receipt_line_variant on goods_receipt_line (variant_id);

-- The list of all movements reads the log along this one.
create index event_stock_moved on event (id desc) where name in ('stock.moved', 'stock.adjusted');

-- Rates of VAT are a versioned document from now on.
insert into document_version (id, kind, number, state, document, note, author, created_at, published_at)
select gen_random_uuid(), 'tax', 1, 'published',
       jsonb_build_object('rates', jsonb_object_agg(country, rates), 'destination', '[]'::jsonb),
       '', 'system:migration', now(), now()
from (select country, jsonb_object_agg(vat_class, rate_bp) as rates from vat_rate group by country) by_country
having count(*) > 0;
drop table vat_rate;
