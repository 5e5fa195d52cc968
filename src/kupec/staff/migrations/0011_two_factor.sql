-- The second step of signing in. `secret` is sealed with the shop's secret; `last_step` is the latest time step whose
-- code was used (a code is good once). Not confirmed: shown to its owner, but no code of it has been typed in yet.
create table staff_totp (
    staff_id uuid primary key references staff (id) on delete cascade,
    secret bytea not null,
    last_step bigint not null default 0,
    created_at timestamptz not null,
    confirmed_at timestamptz
);

-- 80 random bits each, so a plain hash keeps them. A used one is kept until new ones are made, to tell how many are left.
create table staff_recovery_code (
    staff_id uuid not null references staff (id) on delete cascade,
    code_hash bytea not null,
    used_at timestamptz,
    primary key (staff_id, code_hash)
);

create table staff_passkey (
    id uuid primary key,
    staff_id uuid not null references staff (id) on delete cascade,
    credential_id bytea not null unique,
    public_key bytea not null,
    sign_count bigint not null,
    name text not null,
    backed_up boolean not null,
    created_at timestamptz not null,
    last_used_at timestamptz
);
create index staff_passkey_staff on staff_passkey (staff_id);

-- What is asked of somebody once: the second step after the password, a passkey's signature, an invitation.
create table staff_challenge (
    key_hash bytea primary key,
    kind text not null check (kind in ('second_step', 'passkey', 'new_passkey', 'invitation')),
    staff_id uuid references staff (id) on delete cascade,
    expires_at timestamptz not null
);
create index staff_challenge_staff on staff_challenge (staff_id);
create index staff_challenge_expires on staff_challenge (expires_at);

-- One row: what holds for everybody on the desk.
create table staff_rules (
    one boolean primary key default true check (one),
    two_factor_required boolean not null default false
);
insert into staff_rules default values;

-- `confirmed_at`: when whoever sits there last proved who they are.
alter table staff_session
    add column id uuid not null default gen_random_uuid(),
    add column confirmed_at timestamptz not null default now(),
    add column seen_at timestamptz not null default now(),
    add column method text not null default 'password',
    add column address text not null default '',
    add column device text not null default '';

-- Who came, who was refused, who looked at whose record. It changes nothing, so it is not in the event log; it holds
-- addresses, so it is forgotten after a year.
create table access_log (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    kind text not null,
    staff_id uuid references staff (id),
    subject text,
    method text,
    address text not null default '',
    device text not null default ''
);
create index access_log_at on access_log (at);
create index access_log_staff on access_log (staff_id, id);
create index access_log_viewed on access_log (staff_id, subject, at) where kind = 'viewed';

-- A list's filters under a name, as tabs above it.
create table saved_view (
    id uuid primary key,
    staff_id uuid not null references staff (id) on delete cascade,
    place text not null,
    name text not null,
    query text not null,
    shared boolean not null default false,
    created_at timestamptz not null,
    unique (staff_id, place, name)
);
create index saved_view_place on saved_view (place) where shared;
