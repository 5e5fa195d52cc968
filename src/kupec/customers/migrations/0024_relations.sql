-- The social graph: who refers, works with, follows, likes and shares whom or what. `subject` is a thing ("product:0193…").
create table relation (
    id uuid primary key,
    party_id uuid not null references party (id) on delete cascade,
    kind text not null
        check (kind in ('refers', 'works_with', 'follows', 'likes', 'shares', 'family', 'supplier_of')),
    other_id uuid references party (id) on delete cascade,
    subject text,
    source text not null,
    since timestamptz not null,
    check ((other_id is null) <> (subject is null)),
    check (party_id <> other_id)
);
create unique index relation_party on relation (party_id, kind, other_id) where other_id is not null;
create unique index relation_subject on relation (party_id, kind, subject) where subject is not null;
create index relation_other on relation (other_id) where other_id is not null;
create index relation_about on relation (subject, kind) where subject is not null;
-- A friend is brought by one person, the first.
create unique index relation_referred on relation (other_id) where kind = 'refers' and other_id is not null;

-- Who placed a first order in a browser that had come by somebody's personal link waits here for the order.
create table referral (
    cart_id uuid primary key,
    party_id uuid not null references party (id) on delete cascade,
    at timestamptz not null
);
