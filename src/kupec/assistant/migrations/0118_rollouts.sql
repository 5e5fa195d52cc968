-- Which version of what is being tried a conversation has met: it keeps that one. `unit` is whom the arm was drawn for
-- (the customer, else the conversation). What comes of the conversation `counts` unless its customer had met another
-- arm before.
create table conversation_arm (
    conversation_id uuid not null references conversation (id) on delete cascade,
    experiment_id uuid not null references experiment (id) on delete cascade,
    unit text collate "C" not null,
    arm text not null,
    counts boolean not null,
    met_at timestamptz not null,
    primary key (conversation_id, experiment_id)
);
create index conversation_arm_experiment on conversation_arm (experiment_id);
