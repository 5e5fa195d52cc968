-- What a customer said about a purpose, each time they said it; the latest word counts. A row stands under the
-- customer, or under a visitor who is nobody's yet, so it has no key to a party.
create table consent (
    id uuid primary key,
    member_id uuid not null,
    purpose text not null,
    given boolean not null,
    at timestamptz not null,
    -- The version of the document it was said to (0 before any was published), and which text of the purpose that was.
    version int not null,
    revision int not null,
    how text not null,
    order_id uuid,
    address_hash text,
    reason text not null default '',
    actor text not null
);
create index consent_latest on consent (member_id, purpose, at desc);

-- Who typed an address and ticked a box has proved nothing yet: this waits for the link in the mail.
create table consent_ask (
    id uuid primary key,
    party_id uuid not null references party (id),
    contact_point_id uuid not null references contact_point (id) on delete cascade,
    purposes text[] not null,
    language text not null,
    how text not null,
    order_id uuid,
    version int not null,
    at timestamptz not null,
    confirmed_at timestamptz
);
create index consent_ask_party on consent_ask (party_id, at desc);
create index consent_ask_contact_point on consent_ask (contact_point_id) where confirmed_at is null;

-- What was promised in return. The balance is the sum; `source` is what an entry was written for, once for ever.
create table points_entry (
    id uuid primary key,
    party_id uuid not null references party (id),
    amount int not null check (amount <> 0),
    kind text not null check (kind in ('consent', 'referral', 'desk', 'spent', 'taken_back', 'expired')),
    reason text not null default '',
    source text not null unique,
    purpose text,
    revision int,
    at timestamptz not null,
    expires_at timestamptz,
    -- Of a grant: its time is over and what was left of it is written off.
    closed boolean not null default false,
    actor text not null
);
create index points_entry_party on points_entry (party_id, at desc, id desc);
create index points_entry_expiring on points_entry (expires_at) where expires_at is not null and not closed;

-- A wish to have everything told, or everything forgotten, and what became of it.
create table privacy_request (
    id uuid primary key,
    kind text not null check (kind in ('export', 'erasure')),
    party_id uuid not null references party (id),
    state text not null check (state in ('asked', 'postponed', 'running', 'done', 'failed', 'refused')),
    language text not null,
    asked_by text not null,
    reason text not null default '',
    obstacles text[] not null default '{}',
    counts jsonb not null default '{}',
    at timestamptz not null,
    done_at timestamptz
);
create index privacy_request_at on privacy_request (at desc, id desc);
create index privacy_request_party on privacy_request (party_id, at desc);
-- One of a kind at a time for a customer.
create unique index privacy_request_open on privacy_request (party_id, kind)
    where state in ('asked', 'postponed', 'running');

-- What an export brought, encrypted; gone after the days that the document says.
create table privacy_file (
    id uuid primary key,
    request_id uuid not null references privacy_request (id) on delete cascade,
    name text not null,
    media_type text not null,
    content bytea not null,
    until timestamptz not null,
    unique (request_id, name)
);
create index privacy_file_until on privacy_file (until);
