-- What a customer has done, summed up from their orders: segments and silence rules ask here. Kept by a reader of the log.
create table customer_stats (
    party_id uuid primary key references party (id) on delete cascade,
    orders int not null,
    first_order_at timestamptz,
    last_order_at timestamptz,
    -- The median of days between two days with orders, from three such days on.
    rhythm_days double precision,
    -- What they paid, in minor units by currency.
    spent jsonb not null,
    updated_at timestamptz not null
) with (fillfactor = 85);
create index customer_stats_last on customer_stats (last_order_at);

create table customer_bought (
    party_id uuid not null references party (id) on delete cascade,
    product_id uuid not null references product (id) on delete cascade,
    pieces int not null,
    last_at timestamptz not null,
    primary key (party_id, product_id)
);
create index customer_bought_product on customer_bought (product_id, last_at);

-- A saved filter over customers. `applied`: prices and promotions ask for it by its code.
create table segment (
    id uuid primary key,
    code text not null unique,
    name text not null,
    filter jsonb not null,
    applied boolean not null default false,
    customers int,
    counted_at timestamptz,
    created_by text not null,
    created_at timestamptz not null,
    changed_at timestamptz not null
);

-- Who carries a segment's key is asked whenever it is applied anew.
create index party_segments on party using gin (segments);
