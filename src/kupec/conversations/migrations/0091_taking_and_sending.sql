-- What an inbox's channel can do, as far as taking in and writing need to know it without asking the channel.
-- `live`: answers are pushed to who is looking. `templates`: approved texts go out after the window has closed.
-- `burst` (seconds): how long the bot waits for the rest of what somebody is about to say.
alter table inbox
    add column live boolean not null default false,
    add column templates boolean not null default false,
    add column burst real not null default 0;

-- `lease_until`: whoever sends it has it until then; after that nobody knows whether it went out.
alter table message
    add column attempts int not null default 0,
    add column next_try_at timestamptz,
    add column lease_until timestamptz;
drop index message_unsent;
create index message_due on message (next_try_at) where state = 'queued';
create index message_sending on message (lease_until) where state = 'sending';
create index message_unsent on message (conversation_id, number) where state in ('queued', 'sending');
create index message_named on message (source_id) where kind = 'outgoing' and source_id is not null;

-- A long message goes out in parts; each is called something of its own, and its delivery is told of its own.
create table message_part (
    message_id uuid not null references message (id) on delete cascade,
    part int not null,
    source_id text collate "C" not null,
    state text not null default 'sent' check (state in ('sent', 'delivered', 'read', 'failed')),
    primary key (message_id, part)
);
create index message_part_source on message_part (source_id);

-- Why what was attached is not kept: "type", "size", "number".
alter table attachment add column refused text;

-- `proven`: the channel vouches that who speaks is who the address belongs to.
alter table message add column proven boolean not null default false;
