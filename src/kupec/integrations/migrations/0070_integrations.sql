-- Other systems: keys that they call the shop with, and addresses that the shop calls.

create table api_key (
    id uuid primary key,
    name text not null check (name <> ''),
    -- The beginning of the key, to tell it by; the key itself is known only as its SHA-256.
    prefix text not null,
    token_hash bytea not null unique,
    scopes text[] not null,
    -- Requests a minute.
    rate_limit int not null check (rate_limit > 0),
    created_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
create index api_key_latest on api_key (created_at desc, id desc);

-- Counts the requests of the present minute and the one before. May be lost with a crash: unlogged.
create unlogged table api_key_use (
    key_id uuid primary key references api_key (id) on delete cascade,
    minute bigint not null,
    before int not null,
    count int not null
);

-- What was answered to a request with an Idempotency-Key, in the transaction of its effect.
create table api_request (
    key_id uuid not null references api_key (id) on delete cascade,
    idempotency_key text not null,
    fingerprint bytea not null,
    status int,
    body bytea,
    created_at timestamptz not null,
    primary key (key_id, idempotency_key)
);
create index api_request_age on api_request (created_at);

create table webhook_endpoint (
    id uuid primary key,
    url text not null,
    -- Event names, or "order.*"; empty means all that are public.
    events text[] not null,
    description text not null default '',
    secret text not null,
    -- Signs too until then, so that the receiver can change over.
    old_secret text,
    old_secret_until timestamptz,
    active boolean not null default true,
    -- Why the shop itself stopped calling ("gone").
    stopped text,
    -- Since when nothing has got through; null when the last attempt did.
    failing_since timestamptz,
    last_success_at timestamptz,
    -- One job at a time works an endpoint off.
    working_job uuid,
    working_until timestamptz,
    created_at timestamptz not null,
    removed_at timestamptz
);

create table webhook_out (
    -- The webhook-id: the same in every attempt.
    id uuid primary key,
    endpoint_id uuid not null references webhook_endpoint (id) on delete cascade,
    -- Null for a test.
    event_id bigint,
    name text not null,
    body text not null,
    state text not null check (state in ('waiting', 'delivered', 'failed')),
    attempts int not null default 0,
    next_attempt_at timestamptz not null,
    last_attempt_at timestamptz,
    last_status int,
    last_excerpt text,
    last_error text,
    last_ms int,
    created_at timestamptz not null,
    delivered_at timestamptz,
    unique (endpoint_id, event_id)
);
create index webhook_out_due on webhook_out (endpoint_id, next_attempt_at, id) where state = 'waiting';
create index webhook_out_latest on webhook_out (endpoint_id, created_at desc, id desc);
create index webhook_out_failed on webhook_out (endpoint_id, created_at) where state = 'failed';
create index webhook_out_delivered on webhook_out (delivered_at) where state = 'delivered';
