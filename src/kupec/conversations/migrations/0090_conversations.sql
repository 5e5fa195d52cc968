-- A configured channel. `config` is the channel's own struct; `credentials` is sealed JSON (kit/sealing.py).
create table inbox (
    id uuid primary key,
    code text not null unique check (code ~ '^[a-z][a-z0-9_-]{0,39}$'),
    channel text not null,
    name text not null,
    config jsonb not null default '{}',
    credentials bytea,
    active boolean not null default true,
    created_at timestamptz not null
);

-- `customer_id` is a party, or a browser that nobody knows yet (party_alias says whose it became). `holder` is who speaks:
-- the bot, or people; `fence` counts up each time that changes, so that what was prepared under an older one is not sent.
-- `waiting_since` is the oldest word of the customer that nobody has answered; `respond_by` is by when a person should.
create table conversation (
    id uuid primary key,
    number bigint generated always as identity unique,
    inbox_id uuid not null references inbox (id),
    customer_id uuid not null,
    state text not null default 'open' check (state in ('open', 'snoozed', 'resolved', 'merged')),
    merged_into uuid references conversation (id),
    holder text not null default 'bot' check (holder in ('bot', 'people')),
    fence bigint not null default 1,
    assignee uuid references staff (id) on delete set null,
    team uuid,
    subject text not null default '',
    language text not null default 'en',
    priority smallint not null default 0,
    skills text[] not null default '{}',
    next_number int not null default 1,
    created_at timestamptz not null,
    last_message_at timestamptz not null,
    last_incoming_at timestamptz,
    waiting_since timestamptz,
    respond_by timestamptz,
    handed_over_at timestamptz,
    handover jsonb,
    snoozed_until timestamptz,
    resolved_at timestamptz,
    -- What the bot owes: an answer, not before this moment; whoever works at it holds it until `turn_until`.
    turn_due_at timestamptz,
    turn_until timestamptz
);
create index conversation_customer on conversation (customer_id, last_message_at desc);
create index conversation_list on conversation (last_message_at desc, id desc) where state <> 'merged';
create index conversation_open on conversation (state, last_message_at desc, id desc) where state in ('open', 'snoozed');
create index conversation_assignee on conversation (assignee, last_message_at desc) where state in ('open', 'snoozed');
create index conversation_waiting on conversation (respond_by) where state = 'open' and holder = 'people';
create index conversation_unassigned on conversation (waiting_since)
    where state = 'open' and holder = 'people' and assignee is null;
create index conversation_snoozed on conversation (snoozed_until) where state = 'snoozed';
create index conversation_turn on conversation (turn_due_at) where turn_due_at is not null;

-- One end of a conversation: an address in an inbox's channel (a browser, a chat id, a mail address, a phone number).
-- `thread` is what the channel threads by (mail: the token in References).
create table leg (
    id uuid primary key,
    conversation_id uuid not null references conversation (id) on delete cascade,
    inbox_id uuid not null references inbox (id),
    channel text not null,
    address text collate "C" not null,
    name text not null default '',
    thread text collate "C" unique,
    created_at timestamptz not null,
    last_incoming_at timestamptz,
    window_closes_at timestamptz,
    unique (conversation_id, inbox_id, address)
);
create index leg_address on leg (inbox_id, address);

-- `number` is the order in its conversation, without gaps. `content` is what is shown (conversations/blocks.py); `text` is
-- the same in plain words, masked: personal details stand in message_detail under their marks.
create table message (
    id uuid primary key,
    conversation_id uuid not null references conversation (id) on delete cascade,
    number int not null,
    leg_id uuid references leg (id) on delete set null,
    kind text not null check (kind in ('incoming', 'outgoing', 'activity', 'note')),
    author text not null,
    text text not null,
    content jsonb not null default '[]',
    language text,
    source_id text collate "C",
    template text,
    reply_to uuid,
    state text not null default 'received'
        check (state in ('received', 'queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'withdrawn')),
    error text,
    fence bigint,
    answered_by uuid,
    created_at timestamptz not null,
    sent_at timestamptz,
    unique (conversation_id, number)
);
create unique index message_source on message (leg_id, source_id) where source_id is not null;
create index message_unsent on message (created_at) where state in ('queued', 'sending');

create table attachment (
    id uuid primary key,
    message_id uuid not null references message (id) on delete cascade,
    name text not null,
    media_type text not null,
    size int not null,
    content bytea,
    created_at timestamptz not null
);
create index attachment_message on attachment (message_id);

-- What a mark such as ⟦email:1⟧ in a text stands for; gone when the person is forgotten.
create table message_detail (
    conversation_id uuid not null references conversation (id) on delete cascade,
    mark text not null,
    kind text not null,
    value text not null,
    primary key (conversation_id, mark)
);
