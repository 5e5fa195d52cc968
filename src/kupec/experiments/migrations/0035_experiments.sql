-- Two or more versions of one thing, given to parts of those who come. `arms` stand in their order, the one that holds
-- first; `shares` is how much the others get together, by channel, "" for every channel that is not named.
create table experiment (
    id uuid primary key,
    code text not null unique,
    subject text not null check (subject <> ''),
    note text not null default '',
    arms jsonb not null,
    shares jsonb not null,
    channels text[] not null default '{}',
    guardrails jsonb not null,
    salt text not null,
    state text not null default 'running' check (state in ('running', 'stopped', 'finished')),
    reason text not null default '',
    winner text not null default '',
    author text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    guarded_at timestamptz,
    check ((state = 'running') = (ended_at is null))
);
create unique index experiment_runs on experiment (subject) where state = 'running';
create index experiment_started on experiment (started_at desc);

-- Who met an arm, written once. `chance` is the share of the arms under trial at that moment: what is compared, is
-- compared among those who had the same.
create table exposure (
    experiment_id uuid not null references experiment (id) on delete cascade,
    unit text collate "C" not null,
    arm text not null,
    channel text not null,
    chance double precision not null,
    exposed_at timestamptz not null,
    primary key (experiment_id, unit)
);

-- What came of it, once for each metric.
create table observation (
    experiment_id uuid not null,
    unit text collate "C" not null,
    metric text not null,
    value double precision not null,
    observed_at timestamptz not null,
    primary key (experiment_id, unit, metric),
    foreign key (experiment_id, unit) references exposure (experiment_id, unit) on delete cascade
);
