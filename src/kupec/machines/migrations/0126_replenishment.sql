-- What a device has ordered for it: a policy for each of its goods, parts and services, and each order that came of one.
create table replenishment_policy (
    id uuid primary key,
    machine_id uuid not null references machine (id),
    kind text not null check (kind in ('goods', 'part', 'service')),
    -- Empty where nothing is measured: an interval, an error.
    meter text not null default '',
    sku text not null,
    state text not null default 'on' check (state in ('on', 'paused')),
    -- The document's where null.
    service_level double precision check (service_level between 0.5 and 0.999),
    most_pieces int check (most_pieces between 1 and 9999),
    -- What its owner has beside the device, in the meter's unit, as it was when it was last counted; with what the meter
    -- said then, and what had been used that day, so that refills are known from there on. Below zero by what was
    -- refilled already of an order that is not known to have arrived.
    shelf double precision not null default 0,
    marked_level double precision,
    marked_on date,
    marked_used double precision not null default 0,
    -- A reading at or below it is a reason to look before the time.
    wake_at double precision,
    -- Why nothing is ordered at present: the code of a refusal or failure, and how many there were in a row.
    blocked text not null default '',
    blocked_fields jsonb not null default '{}',
    tries int not null default 0,
    -- When a worker looks next; while one has it in hand, the end of its lease; null while it is paused.
    next_review_at timestamptz,
    reviewed_at timestamptz,
    created_at timestamptz not null,
    unique (machine_id, kind, meter, sku),
    check ((state = 'paused') = (next_review_at is null))
);
create index on replenishment_policy (next_review_at) where next_review_at is not null;

create table replenishment_order (
    id uuid primary key,
    policy_id uuid not null references replenishment_policy (id) on delete cascade,
    machine_id uuid not null references machine (id),
    number int not null,
    sku text not null,
    quantity int not null check (quantity between 1 and 9999),
    -- How much of the meter one piece is.
    content double precision not null default 0,
    state text not null check (state in
        ('claimed', 'asked', 'ordered', 'delivered', 'done', 'refused', 'failed', 'cancelled')),
    -- Each try is a purchase of its own; whoever makes it again makes the same.
    attempt int not null default 1,
    purchase_id uuid references purchase (id),
    order_id uuid references sales_order (id),
    seller text not null default 'own',
    total bigint,
    currency text,
    code text not null default '',
    why jsonb not null default '{}',
    -- What the meter said, and since when the error stood, when it was ordered.
    meter_value double precision,
    error_at timestamptz,
    created_at timestamptz not null,
    placed_at timestamptz,
    delivered_at timestamptz,
    closed_at timestamptz,
    unique (policy_id, number)
);
-- Of one thing for one device only one order is under way, whoever asks for it and however often.
create unique index replenishment_order_open on replenishment_order (machine_id, sku)
    where state in ('claimed', 'asked', 'ordered');
create index on replenishment_order (machine_id, created_at desc);
create index on replenishment_order (purchase_id) where purchase_id is not null;
