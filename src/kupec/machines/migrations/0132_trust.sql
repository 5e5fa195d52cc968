-- Who a machine is: our own signing keys, what other machines publish about themselves, and what they are told.

create table signing_key (
    -- The key's JWK thumbprint (RFC 7638).
    kid text primary key,
    x text not null,
    y text not null,
    -- The private half, readable only under the shop's secret; null once the key signs no more.
    sealed bytea,
    created_at timestamptz not null,
    -- From then on it signs, until a later one does; it is published before.
    signs_from timestamptz not null,
    -- Published until then; null while it is the latest.
    published_until timestamptz,
    revoked_at timestamptz
);
create index signing_key_latest on signing_key (signs_from desc);

-- What another machine says about itself, as its address has answered. May be lost: it is asked again.
create unlogged table platform_profile (
    url text primary key,
    -- The answer as it came; null while none has come.
    document bytea,
    fetched_at timestamptz,
    fresh_until timestamptz not null,
    -- A code of ours where the last attempt failed ("timeout", "forbidden_address" …).
    failure text,
    asked_at timestamptz not null
);
create index platform_profile_age on platform_profile (asked_at);

-- Signatures that count once. Not to be lost: a lost one could be used again.
create table seen_signature (
    digest bytea primary key,
    expires_at timestamptz not null
);
create index seen_signature_age on seen_signature (expires_at);

create table machine_webhook (
    id uuid primary key,
    -- Whose body and signature it is: "ucp", "acp".
    kind text not null,
    -- What it tells of ("order:<id>").
    subject text not null,
    -- Where it goes: an address, or the profile that names one.
    url text,
    profile text,
    check ((url is null) <> (profile is null)),
    -- What it is unique by: writing it again writes nothing.
    key text not null unique,
    -- Gone when it has arrived or was given up: it may hold an address.
    body text,
    occurred_at timestamptz not null,
    state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed', 'superseded')),
    attempts int not null default 0,
    next_attempt_at timestamptz not null,
    last_attempt_at timestamptz,
    last_status int,
    last_error text,
    created_at timestamptz not null,
    ended_at timestamptz
);
create index machine_webhook_waiting on machine_webhook (kind, subject) where state = 'waiting';
create index machine_webhook_latest on machine_webhook (created_at desc, id desc);
create index machine_webhook_ended on machine_webhook (ended_at) where ended_at is not null;
