-- Browsers whose visits are recorded, because somebody there agreed; known to the log by this id.
create table visitor (
    id uuid primary key,
    first_seen_at timestamptz not null,
    -- The visit that goes on, until nothing has been seen for a while.
    visit_id uuid,
    last_seen_at timestamptz
);

create table visit (
    id uuid primary key,
    visitor_id uuid not null references visitor (id) on delete cascade,
    started_at timestamptz not null,
    last_seen_at timestamptz not null,
    language text not null,
    source text not null,
    medium text not null,
    campaign text not null,
    -- The host they came from.
    referrer text not null,
    landing text not null,
    views int not null default 0,
    -- When what was seen was removed; how many things that were stays.
    forgotten_at timestamptz
);
create index visit_visitor on visit (visitor_id, started_at desc);
create index visit_kept on visit (last_seen_at, id) where forgotten_at is null;

-- `product_id` has no foreign key: the catalogue is beside the customers.
create table visit_view (
    id bigint generated always as identity primary key,
    visit_id uuid not null references visit (id) on delete cascade,
    at timestamptz not null,
    kind text not null check (kind in ('page', 'category', 'product', 'search', 'cart', 'checkout')),
    path text not null,
    text text not null,
    folded text not null,
    product_id uuid
);
create index visit_view_visit on visit_view (visit_id, at, id);
