create table staff (
    id uuid primary key,
    email text not null unique,
    name text not null,
    password_hash text not null,
    role text not null check (role in ('owner', 'manager', 'agent', 'warehouse')),
    language text not null default 'en',
    active boolean not null default true,
    created_at timestamptz not null
);

create table staff_session (
    token_hash bytea primary key,
    staff_id uuid not null references staff (id) on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index staff_session_staff on staff_session (staff_id);

-- Failed sign-ins, counted by what was tried ("email:…", "address:…").
create table sign_in_failure (
    key text primary key,
    failures int not null,
    window_ends_at timestamptz not null
);
