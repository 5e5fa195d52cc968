-- What a rule is to do, about whom, and when: one row for each occasion, so that no occasion counts twice.
create table rule_due (
    id uuid primary key,
    rule text not null,
    -- Whom or what the rule acts on: "customer:…", or the thing itself.
    subject text not null,
    occasion text not null,
    customer_id uuid,
    -- The thing whose history made it.
    about text not null,
    happened_at timestamptz not null,
    due_at timestamptz not null,
    state text not null default 'waiting' check (state in ('waiting', 'fired', 'dropped', 'failed')),
    -- Why it was dropped, or how it failed.
    reason text,
    task_id uuid,
    mail_id uuid,
    settled_at timestamptz,
    unique (rule, subject, occasion)
);
create index rule_due_waiting on rule_due (due_at, id) where state = 'waiting';
create index rule_due_settled on rule_due (settled_at desc, id) where state <> 'waiting';
create index rule_due_rule on rule_due (rule, settled_at desc) where state <> 'waiting';

-- When a rule last acted on a subject: who moves it on acts, so two workers never act twice.
create table rule_fired (
    rule text not null,
    subject text not null,
    fired_at timestamptz not null,
    primary key (rule, subject)
);

-- Since when a rule that watches for silence is watching, and how far its round through the customers has come.
create table rule_watch (
    rule text primary key,
    since timestamptz not null,
    after uuid,
    round_at timestamptz,
    -- How its last look failed; null when it did not.
    error text
);
