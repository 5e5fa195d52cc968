-- Ids under which the log, and the rooms above, know a customer besides their own: parties that were merged into them,
-- and visitors' browsers that turned out to be theirs. A chain is never longer than one step.
create table party_alias (
    member_id uuid primary key,
    party_id uuid not null references party (id),
    kind text not null check (kind in ('merged', 'visitor')),
    since timestamptz not null
);
create index party_alias_party on party_alias (party_id);
