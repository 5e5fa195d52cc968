-- Ways of delivery become a versioned document.
insert into document_version (id, kind, number, state, document, note, author, created_at, published_at)
select gen_random_uuid(), 'shipping', 1, 'published',
       jsonb_build_object('return_days', 14, 'methods', jsonb_agg(jsonb_build_object(
           'code', method.code, 'kind', 'parcel', 'names', method.names, 'carrier', method.carrier,
           'transit_days', method.transit_days, 'cut_off', to_char(method.cut_off, 'HH24:MI:SS'),
           'timezone', method.timezone, 'origin_country', method.origin_country,
           'tracking_url', method.tracking_url, 'active', method.active,
           'zones', (select coalesce(jsonb_agg(jsonb_build_object(
                         'countries', jsonb_build_array(rate.country), 'currency', rate.currency,
                         'rules', jsonb_build_array(jsonb_build_object('fee', rate.fee)),
                         'free_from', rate.free_from) order by rate.country, rate.currency), '[]'::jsonb)
                       from shipping_rate rate where rate.method_id = method.id)
       ) order by method.position, method.code)),
       'Moved from the tables', 'system:migration', clock_timestamp(), clock_timestamp()
  from shipping_method method
having count(*) > 0;

drop table shipping_rate;
drop table shipping_method;

-- Windows in which a way of delivery comes, opened ahead, each for so many orders.
create table delivery_slot (
    id uuid primary key,
    method text not null,
    -- Wall-clock time at the method's zone, and the same as moments.
    day date not null,
    starts time not null,
    ends time not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    closes_at timestamptz not null,
    capacity int not null check (capacity >= 0),
    booked int not null default 0 check (booked >= 0),
    unique (method, starts_at)
);
create index delivery_slot_open on delivery_slot (method, closes_at);

create table slot_booking (
    order_id uuid primary key,
    slot_id uuid not null references delivery_slot (id)
);
create index slot_booking_slot on slot_booking (slot_id);

-- A parcel waits at our counter ("ready"), goes from one of our places to another first ("transfer"), or comes back.
alter table fulfilment drop constraint fulfilment_state_check;
alter table fulfilment
    add constraint fulfilment_state_check
        check (state in ('picking', 'transfer', 'ready', 'shipped', 'delivered', 'returned', 'cancelled')),
    add column promised_on date,
    add column ready_at timestamptz,
    -- What the carrier said last, and when to ask it again.
    add column tracking_state text,
    add column check_at timestamptz,
    -- When a person was told that it is late.
    add column late_at timestamptz;
create index fulfilment_tracked on fulfilment (check_at) where check_at is not null;
create index fulfilment_open on fulfilment (state) where state in ('picking', 'transfer', 'ready', 'shipped');

-- Goods that a customer collects: told by a code, from one of our places.
create table collection (
    order_id uuid primary key references sales_order (id) on delete cascade,
    location_id uuid not null references location (id),
    code text not null,
    ready_at timestamptz,
    collected_at timestamptz
);

-- The label of a parcel, ordered from its carrier once.
create table parcel_label (
    fulfilment_id uuid primary key references fulfilment (id) on delete cascade,
    carrier text not null,
    state text not null check (state in ('waiting', 'ordering', 'ordered', 'made', 'unknown', 'failed', 'cancelled')),
    number text,
    reference text,
    pdf bytea,
    field text,
    error text,
    asked_at timestamptz not null,
    made_at timestamptz
);
create index parcel_label_number on parcel_label (carrier, reference);

create table parcel_event (
    fulfilment_id uuid not null references fulfilment (id) on delete cascade,
    at timestamptz not null,
    state text not null,
    text text not null default '',
    recorded_at timestamptz not null,
    primary key (fulfilment_id, at, state)
);

-- Returns that happen here: asked for, decided, received, settled. What was imported is history: closed.
create sequence return_number start 1001;
alter table sales_return alter column returned_at drop not null;
alter table sales_return
    add column number text unique,
    add column state text not null default 'closed'
        check (state in ('requested', 'approved', 'refused', 'received', 'closed')),
    add column settle_to text check (settle_to in ('payment', 'store_credit', 'exchange')),
    add column note text not null default '',
    add column decision text not null default '',
    add column key text unique,
    add column requested_at timestamptz,
    add column decided_at timestamptz,
    add column closed_at timestamptz,
    -- Given back in money or credit; of an exchange the difference, negative when the customer owes it.
    add column refunded bigint not null default 0,
    add column replacement_id uuid references sales_order (id);
alter table sales_return add constraint returned_when_closed check (state <> 'closed' or returned_at is not null);
create index sales_return_order on sales_return (order_id);
create index sales_return_open on sales_return (state, requested_at) where state in ('requested', 'approved', 'received');

alter table return_line
    add column order_line_id uuid references order_line (id),
    add column position int not null default 0,
    add column reason text not null default '',
    add column exchange_for uuid references variant (id),
    add column restocked int not null default 0 check (restocked >= 0),
    add column scrapped int not null default 0 check (scrapped >= 0),
    add constraint no_more_than_returned check (restocked + scrapped <= quantity);

-- An order that replaces goods of another one.
alter table sales_order add column replaces_order_id uuid references sales_order (id);
