-- The Agentic Commerce Protocol: the platforms that may buy by it, what they were answered, and what a session knows
-- besides its cart.

create table acp_platform (
    id uuid primary key,
    -- What its carts and orders are known by ("acp:<code>"); never changes.
    code text not null unique check (code ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    name text not null check (name <> ''),
    -- The beginning of the key, to tell it by; the key itself is known only as its SHA-256.
    prefix text not null,
    token_hash bytea not null unique,
    -- The key before the last rotation opens too, until then.
    old_token_hash bytea unique,
    old_token_until timestamptz,
    -- Where order events go, and what signs them (sealed); empty means nowhere.
    webhook_url text not null default '',
    webhook_secret bytea,
    created_at timestamptz not null,
    revoked_at timestamptz,
    last_used_at timestamptz
);

-- A request with an Idempotency-Key: claimed before it is carried out, its answer kept for a repetition. Keys of one
-- platform at different addresses have nothing to do with each other.
create table acp_request (
    platform_id uuid not null references acp_platform (id) on delete cascade,
    path text not null,
    idempotency_key text not null,
    fingerprint bytea not null,
    -- Whose claim it is while there is no answer; one that is older than a lease died over it.
    claim uuid not null,
    claimed_at timestamptz not null,
    status int,
    body bytea,
    created_at timestamptz not null,
    primary key (platform_id, path, idempotency_key)
);
create index acp_request_age on acp_request (created_at);

create table acp_session (
    cart_id uuid primary key references cart (id) on delete cascade,
    platform_id uuid not null references acp_platform (id),
    -- "cart" is a basket before there is a wish to pay; "checkout" is what can be completed.
    kind text not null check (kind in ('cart', 'checkout')),
    locale text,
    timezone text,
    -- Codes as the platform gave them, and the reasons of those that do not hold.
    codes text[] not null default '{}',
    rejected jsonb not null default '[]',
    -- The basket that this checkout was made of.
    made_of uuid references cart (id),
    created_at timestamptz not null
);
-- One basket has one checkout that is not over.
create index acp_session_made_of on acp_session (made_of) where made_of is not null;
