-- `target_for` is the `waiting_since` that `respond_by` and `overdue_level` were worked out for: when the customer waits
-- anew, both begin anew. `assigned_at` says when the one who has it was given it.
alter table conversation
    add column target_for timestamptz,
    add column overdue_level smallint not null default 0,
    add column assigned_at timestamptz;
create index conversation_owed on conversation (waiting_since) where waiting_since is not null and state in ('open', 'snoozed');
create index conversation_answered on conversation (assigned_at) where assigned_at is not null;
create index conversation_resolved on conversation (resolved_at) where state = 'resolved';
create index conversation_merged on conversation (merged_into) where merged_into is not null;

-- Whether somebody of the staff takes conversations now, how many at once (null: as many as the rules say), and which.
-- No languages: any. Skills are the merchant's own words.
create table availability (
    staff_id uuid primary key references staff (id) on delete cascade,
    state text not null default 'away' check (state in ('available', 'busy', 'away')),
    capacity smallint check (capacity between 0 and 100),
    languages text[] not null default '{}',
    skills text[] not null default '{}',
    changed_at timestamptz not null
);

-- Who looks at a conversation or types in it, now. Worth nothing after a crash.
create unlogged table conversation_presence (
    conversation_id uuid not null,
    who text not null,
    seen_at timestamptz not null,
    typing_until timestamptz,
    primary key (conversation_id, who)
);
create index conversation_presence_seen on conversation_presence (seen_at);

-- Texts the staff use again and again, by language; variables in double curly brackets.
create table canned_reply (
    id uuid primary key,
    shortcut text not null unique check (shortcut ~ '^[a-z0-9][a-z0-9_-]{0,39}$'),
    title text not null,
    texts jsonb not null,
    used int not null default 0,
    author text not null,
    changed_at timestamptz not null
);

-- Who is called to a private note.
create table message_mention (
    message_id uuid not null references message (id) on delete cascade,
    staff_id uuid not null references staff (id) on delete cascade,
    created_at timestamptz not null,
    seen_at timestamptz,
    primary key (message_id, staff_id)
);
create index message_mention_unseen on message_mention (staff_id, created_at desc);

-- Where messages stood before conversations were merged, so that it can be undone.
create table conversation_merge (
    id uuid primary key,
    source_id uuid not null references conversation (id) on delete cascade,
    target_id uuid not null references conversation (id) on delete cascade,
    source_state text not null,
    message_ids uuid[] not null,
    leg_ids uuid[] not null,
    merged_legs jsonb not null default '{}',
    marks jsonb not null default '{}',
    actor text not null,
    merged_at timestamptz not null,
    undone_at timestamptz
);
create index conversation_merge_target on conversation_merge (target_id);
create index conversation_merge_source on conversation_merge (source_id);

-- A question about satisfaction: due, asked, answered once. `key` asks nobody twice for the same reason.
create table survey (
    id uuid primary key,
    key text not null unique,
    kind text not null check (kind in ('csat', 'nps')),
    customer_id uuid not null,
    conversation_id uuid references conversation (id) on delete cascade,
    inbox_id uuid references inbox (id),
    channel text not null,
    staff_id uuid references staff (id) on delete set null,
    language text not null,
    state text not null default 'due' check (state in ('due', 'asked', 'answered', 'dropped')),
    due_at timestamptz not null,
    asked_at timestamptz,
    answered_at timestamptz,
    score smallint check (score between 0 and 10),
    comment text not null default '',
    check ((state = 'answered') = (score is not null))
);
create index survey_due on survey (due_at) where state = 'due';
create index survey_customer on survey (customer_id, kind, due_at desc);
create index survey_conversation on survey (conversation_id);
create index survey_answered on survey (kind, answered_at) where state = 'answered';
create index survey_asked on survey (kind, asked_at) where asked_at is not null;

-- Scenarios for the team, and how somebody did when they practised one.
create table playbook (
    id uuid primary key,
    code text not null unique check (code ~ '^[a-z0-9][a-z0-9_-]{0,59}$'),
    title text not null,
    language text not null,
    summary text not null default '',
    persona text not null default '',
    steps jsonb not null,
    active boolean not null default true,
    author text not null,
    changed_at timestamptz not null
);
create table practice (
    id uuid primary key,
    playbook_id uuid not null references playbook (id) on delete cascade,
    staff_id uuid not null references staff (id) on delete cascade,
    steps jsonb not null,
    turns jsonb not null default '[]',
    step int not null default 0,
    hit int not null default 0,
    points int not null default 0,
    started_at timestamptz not null,
    finished_at timestamptz
);
create index practice_staff on practice (staff_id, started_at desc);
create index practice_playbook on practice (playbook_id, started_at desc);
