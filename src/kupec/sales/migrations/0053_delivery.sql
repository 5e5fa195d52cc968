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
