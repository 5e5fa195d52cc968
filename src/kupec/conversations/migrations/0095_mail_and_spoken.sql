-- How far an inbox's folder on its mail server has been fetched. `uid` counts within one `uidvalidity`; `taken_until` is
-- for how long the worker `taken_by` looks after it. `next_try_at` comes later after each time it could not be reached.
create table mailbox (
    inbox_id uuid primary key references inbox (id) on delete cascade,
    folder text not null,
    uidvalidity bigint,
    uid bigint not null default 0,
    fetched_at timestamptz,
    failures int not null default 0,
    error text,
    next_try_at timestamptz not null,
    taken_by uuid,
    taken_until timestamptz
);

-- A call or a visit that is, or was, written down as a conversation; when it ends it is an interaction too.
create table spoken (
    id uuid primary key,
    conversation_id uuid not null references conversation (id) on delete cascade,
    leg_id uuid not null references leg (id) on delete cascade,
    kind text not null check (kind in ('call', 'visit')),
    direction text not null check (direction in ('in', 'out')),
    staff_id uuid not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    outcome text not null default '',
    interaction_id uuid,
    check (ended_at >= started_at)
);
create unique index spoken_now on spoken (conversation_id) where ended_at is null;
create index spoken_conversation on spoken (conversation_id, started_at);
