-- Machines of customers, the keys they come with, what they may buy for whom, and what they have bought or been refused.

create table machine (
    id uuid primary key,
    party_id uuid not null references party (id),
    name text not null,
    kind text not null check (kind in ('device', 'agent')),
    -- Where an agent says who it is (https://…/profile.json), if it does.
    profile text,
    state text not null default 'active' check (state in ('active', 'paused', 'revoked')),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    revoked_at timestamptz
);
create index machine_party on machine (party_id, created_at desc);
create index machine_listed on machine (created_at desc, id desc);

create table machine_key (
    id uuid primary key,
    machine_id uuid not null references machine (id),
    -- What people tell keys apart by; the token itself is nowhere.
    prefix text not null,
    token_hash bytea not null unique,
    scopes text[] not null,
    created_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    -- The key that took this one's place; this one lives on for the overlap, as its expires_at says.
    rotated_to uuid references machine_key (id)
);
create index machine_key_machine on machine_key (machine_id, created_at desc);

create table mandate (
    id uuid primary key,
    machine_id uuid not null references machine (id),
    party_id uuid not null references party (id),
    -- The person who granted it, where the owner is an organisation.
    granted_by uuid references party (id),
    -- 'own' for this shop, or the host of another seller.
    sellers text[] not null,
    -- {"skus": […], "categories": […]}; both empty is anything.
    goods jsonb not null default '{}',
    market text not null references market (code),
    language text not null,
    currency text not null,
    -- Of one piece, with VAT, in minor units.
    least_price bigint check (least_price >= 0),
    most_price bigint check (most_price >= 0),
    budget bigint check (budget >= 0),
    budget_period text not null check (budget_period in ('day', 'week', 'month', 'year', 'total')),
    zone text not null,
    most_orders int check (most_orders >= 0),
    approval_above bigint check (approval_above >= 0),
    payment text not null check (payment in ('card', 'account')),
    card_id uuid references stored_card (id) on delete set null,
    -- Whoever granted it may say yes for the owner to what is bought on account.
    agreed boolean not null default false,
    -- Null for the owner's usual address when something is bought.
    address jsonb,
    shipping_method text,
    starts_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    note text not null default '',
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check (least_price is null or most_price is null or least_price <= most_price)
);
create index mandate_machine on mandate (machine_id, created_at);
create index mandate_party on mandate (party_id, created_at desc);

create table purchase (
    id uuid primary key,
    -- Null where no mandate spoke of it at all.
    mandate_id uuid references mandate (id),
    machine_id uuid not null references machine (id),
    party_id uuid not null references party (id),
    -- The machine's own name for it: the same key again is the same purchase.
    key text not null,
    seller text not null,
    lines jsonb not null,
    total bigint not null check (total >= 0),
    currency text not null,
    state text not null check (state in ('claimed', 'asked', 'placed', 'refused', 'failed', 'cancelled')),
    -- Why it was refused, asked or failed: a code, and figures for its words.
    reason text,
    reason_fields jsonb not null default '{}',
    why jsonb not null default '{}',
    attempt int not null default 1,
    approved_by text,
    cart_id uuid references cart (id),
    order_id uuid references sales_order (id),
    -- What the other seller calls the order.
    foreign_order text,
    -- What a seller elsewhere has given back, in minor units; of our own orders the books know.
    given_back bigint not null default 0 check (given_back >= 0),
    created_at timestamptz not null,
    -- The moment by which its budget's period is known: when it was claimed, or claimed again on approval.
    claimed_at timestamptz,
    -- What is asked is over then.
    expires_at timestamptz,
    -- When somebody looks at it again: a claim whose process has died is carried on.
    next_try_at timestamptz,
    decided_at timestamptz,
    unique (machine_id, key)
);
create index purchase_mandate on purchase (mandate_id, claimed_at) where state in ('claimed', 'asked', 'placed');
create index purchase_machine on purchase (machine_id, created_at desc, id desc);
create index purchase_party on purchase (party_id, created_at desc);
create index purchase_asked on purchase (expires_at) where state = 'asked';
create index purchase_due on purchase (next_try_at) where next_try_at is not null;
create index purchase_order on purchase (order_id) where order_id is not null;
