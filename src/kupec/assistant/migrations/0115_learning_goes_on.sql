-- When a question was last gathered with others: what was not makes a worker gather again.
alter table missed_question add column looked_at timestamptz;
create index missed_question_fresh on missed_question (created_at)
    where looked_at is null and settled is null and alone;
create index missed_question_looked on missed_question (looked_at) where looked_at is not null;

-- The languages that phrases are in, learnt in the same process as the intents.
alter table bot_model add column languages bytea;
