-- Flows as the merchant writes them: every version of every flow, as its text. One version of a flow holds at a time;
-- a run stays with the version it began with, so none is ever deleted.
create table flow_version (
    code text not null check (code ~ '^[a-z][a-z0-9_]{0,59}$'),
    number int not null,
    state text not null default 'draft' check (state in ('draft', 'published', 'retired')),
    source text not null,
    note text not null default '',
    author text not null,
    created_at timestamptz not null,
    published_at timestamptz,
    primary key (code, number)
);
create unique index flow_version_holds on flow_version (code) where state = 'published';

-- What a conversation's flows are in the middle of (assistant/flows/run.py).
create table flow_run (
    conversation_id uuid primary key references conversation (id) on delete cascade,
    state jsonb not null,
    updated_at timestamptz not null
);

-- Other systems that flows may ask. `secret` is sealed and sent in the header of that name.
create table flow_host (
    host text primary key,
    header text not null default '',
    secret bytea,
    author text not null,
    created_at timestamptz not null
);
