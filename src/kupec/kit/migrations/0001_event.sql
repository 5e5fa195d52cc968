create table event (
    id bigint generated always as identity primary key,
    xid xid8 not null default pg_current_xact_id(),
    occurred_at timestamptz not null,
    recorded_at timestamptz not null default clock_timestamp(),
    name text not null,
    v smallint not null default 1,
    actor text not null,
    origin text not null default 'live' check (origin in ('live', 'imported')),
    customer_id uuid,
    channel text,
    subject text not null,
    payload jsonb not null
);
-- Subscribers read along this one; see docs/algorithms/event-log.md.
create index event_log on event (xid, id);
create index event_customer_timeline on event (customer_id, occurred_at desc, id desc) where customer_id is not null;
create index event_subject on event (subject, occurred_at desc, id desc);

-- A subscriber's place in the log: everything up to and including (xid, id) has taken effect.
create table subscriber (
    name text primary key,
    xid xid8 not null,
    id bigint not null,
    moved_at timestamptz not null default clock_timestamp()
);

-- Which cluster the transaction ids in `event` and `subscriber` belong to.
create table event_cluster (
    system_identifier bigint primary key
);
insert into event_cluster select system_identifier from pg_control_system();

create table event_set_aside (
    subscriber text not null references subscriber (name) on delete cascade,
    event_id bigint not null references event (id),
    subject text not null,
    error text,
    attempts int not null default 0,
    set_aside_at timestamptz not null default clock_timestamp(),
    next_try_at timestamptz,
    primary key (subscriber, event_id)
);
create index event_set_aside_subject on event_set_aside (subscriber, subject, event_id);

-- Every incoming webhook as it came, before anybody has looked at it.
create table webhook_delivery (
    id uuid primary key,
    source text not null,
    external_id text not null,
    received_at timestamptz not null,
    headers jsonb not null,
    body bytea not null,
    state text not null default 'received' check (state in ('received', 'processed', 'failed')),
    error text,
    attempts int not null default 0,
    next_try_at timestamptz not null,
    unique (source, external_id)
);
create index webhook_delivery_waiting on webhook_delivery (next_try_at) where state <> 'processed';
