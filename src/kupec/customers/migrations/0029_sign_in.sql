-- Codes that a mail brings. `token_hash` is of what the browser that asked keeps: without it the digits open nothing.
-- The link in the mail has a token of its own. `party_id` is whose new address is to be proved; null at the door.
create table sign_in_code (
    id uuid primary key,
    email text collate "C" not null,
    party_id uuid references party (id) on delete cascade,
    token_hash bytea not null unique,
    code_hash bytea not null,
    link_hash bytea not null unique,
    tries int not null default 0,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index sign_in_code_expires on sign_in_code (expires_at);

-- Where a customer is signed in: a browser by its cookie, an app by its bearer token. Only SHA-256 of either is kept.
-- `buys_for` is the organisation that was chosen, null for oneself.
create table customer_session (
    id uuid primary key,
    token_hash bytea not null unique,
    party_id uuid not null references party (id) on delete cascade,
    kind text not null check (kind in ('browser', 'app')),
    name text not null default '',
    buys_for uuid references party (id) on delete set null,
    method text not null,
    address text not null default '',
    device text not null default '',
    created_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null
);
create index customer_session_party on customer_session (party_id);
create index customer_session_expires on customer_session (expires_at);

create table customer_passkey (
    id uuid primary key,
    party_id uuid not null references party (id) on delete cascade,
    credential_id bytea not null unique,
    public_key bytea not null,
    sign_count bigint not null,
    name text not null,
    backed_up boolean not null,
    created_at timestamptz not null,
    last_used_at timestamptz
);
create index customer_passkey_party on customer_passkey (party_id);

create table customer_password (
    party_id uuid primary key references party (id) on delete cascade,
    password_hash text not null,
    changed_at timestamptz not null
);

-- What a browser's passkey is asked to sign, once. `party_id`: who registers one.
create table customer_challenge (
    key_hash bytea primary key,
    kind text not null check (kind in ('passkey', 'new_passkey')),
    party_id uuid references party (id) on delete cascade,
    expires_at timestamptz not null
);
create index customer_challenge_expires on customer_challenge (expires_at);

-- Guesses and asked codes, counted by what was tried ("email:…", "address:…").
create table customer_attempt (
    key text primary key,
    failures int not null,
    window_ends_at timestamptz not null
);
create index customer_attempt_ends on customer_attempt (window_ends_at);

-- What an app's command was answered under its Idempotency-Key.
create table portal_request (
    party_id uuid not null references party (id) on delete cascade,
    idempotency_key text not null,
    fingerprint bytea not null,
    status int,
    body bytea,
    created_at timestamptz not null,
    primary key (party_id, idempotency_key)
);
create index portal_request_created on portal_request (created_at);
