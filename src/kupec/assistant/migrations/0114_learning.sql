-- What the bot could not do by itself, kept in the transaction of the turn: once a message. `text` is as the message
-- stands, masked. `alone`: a question that can be understood without what was said before it. `cart_value` is in minor
-- units, at list prices. What nobody has decided about has no `settled`: "taught", "none", "ignored".
create table missed_question (
    id uuid primary key,
    reason text not null check (reason in ('unknown', 'clarified', 'corrected', 'handed_over', 'unhelpful')),
    conversation_id uuid references conversation (id) on delete cascade,
    message_id uuid unique references message (id) on delete cascade,
    customer_id uuid,
    text text not null,
    folded text not null,
    language text not null,
    channel text not null,
    guess text,
    probability real,
    article text,
    flow text,
    step text,
    alone boolean not null default true,
    cart_value bigint,
    currency text,
    suggestion_id uuid,
    settled text check (settled in ('taught', 'none', 'ignored')),
    settled_at timestamptz,
    created_at timestamptz not null
);
create index missed_question_open on missed_question (created_at) where settled is null;
create index missed_question_when on missed_question (created_at);
create index missed_question_conversation on missed_question (conversation_id);
create index missed_question_customer on missed_question (customer_id);
create index missed_question_suggestion on missed_question (suggestion_id) where suggestion_id is not null;

-- Where customers stumble in a flow: they repeat themselves, leave, or ask for a person. Who stands still is in flow_run.
create table flow_stumble (
    id uuid primary key,
    conversation_id uuid not null references conversation (id) on delete cascade,
    flow text not null,
    version int not null,
    step text not null,
    what text not null check (what in ('left', 'repeated', 'person')),
    created_at timestamptz not null
);
create index flow_stumble_when on flow_stumble (created_at);
create index flow_stumble_conversation on flow_stumble (conversation_id);

-- Questions that mean the same, and what to do about them. `draft`: an article or the text of a flow. `seen` is how many
-- customers asked when it was dismissed: it comes back when they are many more.
create table suggestion (
    id uuid primary key,
    kind text not null check (kind in ('phrase', 'intent', 'article')),
    state text not null default 'open' check (state in ('open', 'approved', 'dismissed')),
    name text not null,
    telling text[] not null default '{}',
    language text not null default '',
    target text,
    probability real,
    draft jsonb,
    seen int not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    decided_at timestamptz,
    decided_by text
);
create index suggestion_open on suggestion (updated_at) where state = 'open';
alter table missed_question
    add constraint missed_question_suggestion_fk foreign key (suggestion_id) references suggestion (id) on delete set null;

-- Ways to ask for a flow that a person has approved. `in_use`: a model that went live has learnt from it.
create table learnt_phrase (
    id uuid primary key,
    text text not null,
    folded text not null,
    language text not null,
    intent text not null,
    suggestion_id uuid references suggestion (id) on delete set null,
    conversation_id uuid,
    customer_id uuid,
    in_use boolean not null default false,
    author text not null,
    created_at timestamptz not null,
    unique (folded, intent)
);
create index learnt_phrase_customer on learnt_phrase (customer_id) where customer_id is not null;

-- What a person has said a text means; "" is none of what the bot knows. What is held out only judges models and is
-- never learnt from: one text, accents and case aside, is one or the other.
create table labelled_case (
    id uuid primary key,
    text text not null,
    folded text not null unique,
    language text not null,
    intent text not null,
    held_out boolean not null,
    source text not null,
    conversation_id uuid,
    customer_id uuid,
    author text not null,
    created_at timestamptz not null
);
create index labelled_case_customer on labelled_case (customer_id) where customer_id is not null;
create index labelled_case_judging on labelled_case (intent) where held_out;

-- A model is a candidate until it goes live; what was live is retired, and `follows` is whom it took over from. `training`
-- is all it was made of (so that it can be made again), `report` how it compared with the one that was live.
alter table bot_model
    add column state text not null default 'candidate' check (state in ('candidate', 'live', 'retired', 'broken')),
    add column report jsonb,
    add column training jsonb,
    add column origin text not null default 'training',
    add column follows uuid,
    add column on_trial boolean not null default false,
    add column live_at timestamptz,
    add column retired_at timestamptz,
    add column rolled_back_at timestamptz,
    add column trouble text not null default '',
    alter column data drop not null;
update bot_model set state = case when is_live then 'live' else 'retired' end, live_at = trained_at;
drop index bot_model_live;
alter table bot_model drop column is_live;
alter table bot_model add column is_live boolean generated always as (state = 'live') stored;
create unique index bot_model_live on bot_model (is_live) where state = 'live';
