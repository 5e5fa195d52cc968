-- `chosen` is the one of its kind that is used first; a merge may leave a customer with two, then the own one counts.
alter table contact_point
    add column label text not null default '',
    add column chosen boolean not null default false;
-- `custom` holds what the document of custom fields allows, by the fields' codes.
alter table party
    add column vat_id text,
    add column custom jsonb not null default '{}';
create index party_company on party (company_id) where company_id is not null;

-- Whom a member was given to in the first place: merges make a tree, and `party_id` is its root.
alter table party_alias add column via_id uuid references party (id);
update party_alias set via_id = party_id;
alter table party_alias alter column via_id set not null;
create index party_alias_via on party_alias (via_id);

-- Who somebody is in a channel: the number of a chat, the name of an app's user. One identity belongs to one party.
create table channel_identity (
    id uuid primary key,
    party_id uuid not null references party (id) on delete cascade,
    channel text not null,
    identity text collate "C" not null,
    verified_at timestamptz,
    created_at timestamptz not null,
    unique (channel, identity)
);
create index channel_identity_party on channel_identity (party_id);

-- A party has proved an address or an identity that another party owns: both have shown the same. `kind` is a kind of
-- contact point or a channel.
create table contact_claim (
    party_id uuid not null references party (id) on delete cascade,
    kind text not null,
    value text collate "C" not null,
    proved_at timestamptz not null,
    primary key (party_id, kind, value)
);
create index contact_claim_value on contact_claim (kind, value);

-- What a person is in an organisation, from when until when.
create table party_role (
    id uuid primary key,
    organisation_id uuid not null references party (id) on delete cascade,
    person_id uuid not null references party (id) on delete cascade,
    role text not null check (role in ('buyer', 'approver', 'accountant')),
    since timestamptz not null,
    until timestamptz,
    check (organisation_id <> person_id)
);
create unique index party_role_held on party_role (organisation_id, person_id, role) where until is null;
create index party_role_person on party_role (person_id) where until is null;

create table party_note (
    id uuid primary key,
    party_id uuid not null references party (id) on delete cascade,
    body text not null,
    author text not null,
    pinned boolean not null default false,
    created_at timestamptz not null,
    changed_at timestamptz,
    removed_at timestamptz
);
create index party_note_party on party_note (party_id, created_at desc) where removed_at is null;
-- How a note read before it was changed or taken away, and by whom.
create table party_note_edit (
    note_id uuid not null references party_note (id) on delete cascade,
    at timestamptz not null,
    actor text not null,
    body text not null,
    primary key (note_id, at)
);
-- Ids of staff have no foreign key: their room is beside ours.
create table note_mention (
    note_id uuid not null references party_note (id) on delete cascade,
    staff_id uuid not null,
    seen_at timestamptz,
    primary key (note_id, staff_id)
);
create index note_mention_unseen on note_mention (staff_id) where seen_at is null;

create table party_file (
    id uuid primary key,
    party_id uuid not null references party (id) on delete cascade,
    name text not null,
    media_type text not null,
    size int not null check (size > 0),
    sha256 bytea not null,
    content bytea not null,
    author text not null,
    added_at timestamptz not null
);
alter table party_file alter column content set storage external;
create index party_file_party on party_file (party_id, added_at desc);

-- One merge: on what proof, and what of the survivor's row it filled, so that it can be given back.
create table party_merge (
    id uuid primary key,
    survivor_id uuid not null references party (id),
    absorbed_id uuid not null references party (id),
    proof text not null check (proof in ('contact_point', 'identity', 'staff')),
    stated text not null,
    filled jsonb not null,
    merged_at timestamptz not null,
    merged_by text not null,
    undone_at timestamptz,
    undone_by text,
    check (survivor_id <> absorbed_id)
);
create unique index party_merge_standing on party_merge (absorbed_id) where undone_at is null;
create index party_merge_survivor on party_merge (survivor_id, merged_at desc);

-- A person has decided that these two are not the same.
create table party_distinct (
    one_id uuid not null references party (id) on delete cascade,
    other_id uuid not null references party (id) on delete cascade,
    said_by text not null,
    said_at timestamptz not null,
    primary key (one_id, other_id),
    check (one_id < other_id)
);
create index party_distinct_other on party_distinct (other_id);
