-- A party is a person or an organisation; events and orders name it as customer_id.
create table party (
    id uuid primary key,
    kind text not null check (kind in ('person', 'organisation')),
    name text not null,
    folded text not null,
    -- Compared by code points whatever the cluster's locale is.
    sort_key text collate "C" not null,
    language text not null,
    company_id text,
    external_id text unique,
    created_at timestamptz not null
);
create index party_sort on party (sort_key, id);
create extension if not exists pg_trgm;
create index party_folded on party using gin (folded gin_trgm_ops);

-- One contact point belongs to one party. `value` is normalised: mail in lower case, phone in E.164.
create table contact_point (
    id uuid primary key,
    party_id uuid not null references party (id) on delete cascade,
    kind text not null check (kind in ('email', 'phone')),
    value text collate "C" not null,
    verified_at timestamptz,
    unique (kind, value)
);
create index contact_point_party on contact_point (party_id);

create table party_address (
    id uuid primary key,
    party_id uuid not null references party (id) on delete cascade,
    address jsonb not null,
    position int not null default 0
);
create index party_address_party on party_address (party_id, position);

-- What a person on the desk has to do. `key` makes a machine-made task unique.
create table task (
    id uuid primary key,
    key text unique,
    title text not null,
    details jsonb not null default '{}',
    subject text not null,
    customer_id uuid references party (id),
    due_at timestamptz not null,
    created_at timestamptz not null,
    done_at timestamptz,
    outcome text
);
create index task_open on task (due_at, id) where done_at is null;
create index task_customer on task (customer_id) where done_at is null;
create index task_done on task (done_at desc, id) where done_at is not null;
