-- Who works together: a task may be given to all of them. Ids of staff have no foreign key: their room is beside ours.
create table team (
    id uuid primary key,
    name text not null unique,
    created_at timestamptz not null
);
create table team_member (
    team_id uuid not null references team (id) on delete cascade,
    staff_id uuid not null,
    primary key (team_id, staff_id)
);
create index team_member_staff on team_member (staff_id);

-- `done_at` says when a task was closed, `ended` how: what is cancelled or passed over waits for nobody either.
alter table task
    add column priority text not null default 'normal' check (priority in ('low', 'normal', 'high', 'urgent')),
    add column assignee_id uuid,
    add column team_id uuid references team (id),
    -- Asked of the customer: shown to them, and finished by their answer.
    add column portal boolean not null default false,
    add column answer text,
    -- Minutes before `due_at`.
    add column remind_before int[] not null default '{}',
    add column opened_by text not null default 'system:kupec',
    add column closed_by text,
    add column ended text check (ended in ('done', 'cancelled', 'passed')),
    -- One row an occurrence: `planned_at` is when the rule says, `due_at` where it was moved to.
    add column recurrence jsonb,
    add column series_id uuid,
    add column number int,
    add column planned_at timestamptz,
    add constraint task_for_one check (assignee_id is null or team_id is null),
    add constraint task_asked_of_somebody check (not portal or customer_id is not null);
update task set ended = 'done' where done_at is not null;
alter table task add constraint task_ended check ((done_at is null) = (ended is null));
create unique index task_series on task (series_id, number) where series_id is not null;
create index task_assignee on task (assignee_id, due_at) where done_at is null and assignee_id is not null;
create index task_team on task (team_id, due_at) where done_at is null and team_id is not null;
create index task_customer_closed on task (customer_id, done_at desc) where done_at is not null;

-- Each reminder is told once: whoever sets `fired_at` tells it.
create table task_reminder (
    task_id uuid not null references task (id) on delete cascade,
    at timestamptz not null,
    minutes int not null,
    fired_at timestamptz,
    primary key (task_id, at)
);
create index task_reminder_waiting on task_reminder (at) where fired_at is null;
create index task_reminder_fired on task_reminder (fired_at) where fired_at is not null;

-- Who has put away a task's reminders until which moment.
create table task_seen (
    task_id uuid not null references task (id) on delete cascade,
    staff_id uuid not null,
    seen_at timestamptz not null,
    primary key (task_id, staff_id)
);
