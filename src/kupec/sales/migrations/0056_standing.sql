-- What is ordered again and again by itself: the agreement, its lines, and one row for each time.

-- What a piece costs whatever the price lists say, in minor units with VAT and all options: agreed for a standing order.
alter table cart_line add column fixed_amount bigint check (fixed_amount >= 0);

create table standing_order (
    id uuid primary key,
    customer_id uuid not null references party (id),
    -- The person who ordered it, where the customer is an organisation.
    ordered_by uuid references party (id),
    market text not null references market (code),
    language text not null,
    currency text not null,
    email text not null,
    name text,
    phone text,
    address jsonb not null,
    company jsonb,
    shipping_method text not null,
    pickup_point jsonb,
    payment text not null check (payment in ('account', 'card')),
    -- A card that its owner takes back leaves none: the next try fails and says so.
    card_id uuid references stored_card (id) on delete set null,
    price_policy text not null check (price_policy in ('current', 'fixed')),
    -- The last local day for which the fixed prices hold; null for as long as the order lasts.
    fixed_until date,
    -- Up to this total, in minor units, somebody who may has agreed to what is bought on account.
    approved_total bigint check (approved_total >= 0),
    recurrence jsonb not null,
    -- An occurrence's number is its run's number of the recurrence, and so many more: numbers go on when that changes.
    base int not null,
    next_number int not null,
    state text not null check (state in ('active', 'paused', 'ended')),
    reason text,
    source text not null default '',
    note text not null default '',
    -- The request that started it, when it carried an idempotency key.
    key text unique,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    ended_at timestamptz
);
create index standing_order_customer on standing_order (customer_id, created_at desc);
create index standing_order_state on standing_order (state, created_at desc);

create table standing_line (
    id uuid primary key,
    standing_order_id uuid not null references standing_order (id) on delete cascade,
    position int not null,
    variant_id uuid not null references variant (id),
    quantity int not null check (quantity between 1 and 9999),
    options jsonb not null default '{}',
    fixed_amount bigint check (fixed_amount >= 0),
    -- What a piece cost last time, so that a change is told.
    last_amount bigint,
    unique (standing_order_id, position)
);

create table occurrence (
    id uuid primary key,
    standing_order_id uuid not null references standing_order (id),
    number int not null,
    -- The day by the recurrence, before holidays.
    nominal date not null,
    planned_at timestamptz not null,
    -- When it is due: as planned, or where somebody moved it.
    due_at timestamptz not null,
    state text not null check (state in
        ('planned', 'placing', 'placed', 'skipped', 'failed', 'missed', 'cancelled')),
    -- Lines for this time only.
    lines jsonb,
    -- When a worker takes it next: planned and failed ones when they are due, one in hand when its lease runs out.
    next_try_at timestamptz,
    attempts int not null default 0,
    failures int not null default 0,
    cart_id uuid references cart (id),
    order_id uuid references sales_order (id),
    error_code text,
    -- What could not be delivered of what was wanted.
    missing jsonb,
    reminded_at timestamptz,
    created_at timestamptz not null,
    finished_at timestamptz,
    unique (standing_order_id, number)
);
create index occurrence_next_try on occurrence (next_try_at) where next_try_at is not null;
create index occurrence_planned on occurrence (standing_order_id) where state = 'planned';
create index occurrence_unreminded on occurrence (due_at) where state = 'planned' and reminded_at is null;
create index occurrence_undecided on occurrence (state, due_at) where state in ('failed', 'missed');
create unique index occurrence_order on occurrence (order_id) where order_id is not null;
