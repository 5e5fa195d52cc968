-- What a customer has: bought from us, or told. `source_ref` makes a piece from an order one row, however often it is read.
create table owned_product (
    id uuid primary key,
    party_id uuid not null references party (id),
    variant_id uuid references variant (id),
    name text not null,
    serial_number text,
    bought_on date,
    warranty_until date,
    service_interval_days int check (service_interval_days between 1 and 7300),
    last_service_on date,
    next_service_on date,
    source text not null check (source in ('order', 'told')),
    -- "line:<order line>:<piece>".
    source_ref text unique,
    -- The due day that was told already.
    told_of date,
    created_at timestamptz not null,
    removed_at timestamptz
);
create index owned_product_party on owned_product (party_id) where removed_at is null;
create index owned_product_due on owned_product (next_service_on, id) where removed_at is null and next_service_on is not null;

-- How many services a day has, kept by the one statement that books.
create table service_day (
    day date primary key,
    booked int not null check (booked >= 0)
);

create table service_booking (
    id uuid primary key,
    owned_id uuid not null references owned_product (id) on delete cascade,
    day date not null,
    state text not null default 'booked' check (state in ('booked', 'cancelled', 'done')),
    booked_at timestamptz not null,
    closed_at timestamptz
);
create unique index service_booking_open on service_booking (owned_id) where state = 'booked';
create index service_booking_day on service_booking (day) where state = 'booked';
