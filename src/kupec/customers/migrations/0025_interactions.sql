-- What was said and done with a customer outside the shop's own pages: calls, visits at the counter, meetings, letters.
create table interaction (
    id uuid primary key,
    -- Nobody yet: a call from a number that the shop does not know.
    party_id uuid references party (id),
    kind text not null check (kind in ('call', 'visit', 'meeting', 'mail', 'message', 'chat')),
    direction text check (direction in ('in', 'out')),
    channel text not null,
    happened_at timestamptz not null,
    duration_seconds int check (duration_seconds >= 0),
    text text not null,
    folded text not null,
    outcome text not null,
    -- The number or address it came from or went to, normalised.
    contact text,
    -- "staff:…" where somebody of the staff spoke, else who wrote it down.
    by text not null,
    source text not null,
    external_id text,
    created_at timestamptz not null,
    changed_at timestamptz,
    removed_at timestamptz,
    unique (source, external_id)
);
create index interaction_party on interaction (party_id, happened_at desc, id desc) where party_id is not null;
create index interaction_unclaimed on interaction (contact) where party_id is null;
create index interaction_made on interaction (created_at, id);

-- How an interaction read before somebody changed it.
create table interaction_edit (
    interaction_id uuid not null references interaction (id) on delete cascade,
    edited_at timestamptz not null,
    actor text not null,
    text text not null,
    outcome text not null,
    duration_seconds int,
    primary key (interaction_id, edited_at)
);
