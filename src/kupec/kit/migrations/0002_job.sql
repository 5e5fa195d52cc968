-- What must happen outside: written in the transaction that makes it necessary, deleted when it is done.
create table job (
    id uuid primary key,
    name text not null,
    payload jsonb not null,
    state text not null default 'waiting' check (state in ('waiting', 'failed')),
    attempts int not null default 0,
    created_at timestamptz not null default clock_timestamp(),
    -- Not before this moment, by the clock of the application; 1970 for what may run at once.
    due_at timestamptz not null,
    -- Who is at it, and until when that holds without a sign of life (by the database's clock).
    lease uuid,
    lease_until timestamptz,
    error text
) with (fillfactor = 80);
create index job_due on job (due_at, id) where state = 'waiting';
create index job_failed on job (created_at desc) where state = 'failed';

-- When each cron was last started, so that of all workers one starts it, and none catches up twice.
create table cron (
    name text primary key,
    last_at timestamptz not null
);
