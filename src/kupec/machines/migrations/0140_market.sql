-- The market of machines: who asks for what, the sealed quotes, the award. And what is learnt about how each buyer chooses.

create table rfq (
    id uuid primary key,
    machine_id uuid not null references machine (id),
    party_id uuid not null references party (id),
    -- The buyer's own name for it: the same key again is the same request.
    key text not null,
    request_hash bytea not null,
    sku text not null,
    variant_id uuid references variant (id),
    market text not null references market (code),
    currency text not null,
    quantity int not null check (quantity > 0),
    -- Of one piece, with VAT, in minor units; no seller is told.
    most_price bigint check (most_price > 0),
    within_days int check (within_days >= 0),
    -- How the award is made, as told to everybody from the beginning.
    rule jsonb not null,
    opened_at timestamptz not null,
    deadline timestamptz not null,
    -- Where the buyer names the winner: until when.
    choose_until timestamptz,
    state text not null check (state in ('open', 'choosing', 'awarded', 'failed')),
    -- Why nobody got it.
    reason text,
    decided_at timestamptz,
    -- What the rule said of every quote, as it is replayed.
    verdict jsonb,
    origin text not null default 'live' check (origin in ('live', 'imported')),
    check (deadline > opened_at),
    unique (machine_id, key)
);
create index rfq_due on rfq (deadline) where state = 'open';
create index rfq_choosing on rfq (choose_until) where state = 'choosing';
create index rfq_machine on rfq (machine_id, opened_at desc, id desc);
create index rfq_listed on rfq (opened_at desc, id desc);
create index rfq_party on rfq (party_id);

create table quote (
    id uuid primary key,
    rfq_id uuid not null references rfq (id),
    -- 'own' is this shop, else the machine's id.
    seller text not null,
    machine_id uuid references machine (id),
    unit_price bigint not null check (unit_price > 0),
    lead_days int not null check (lead_days >= 0),
    quantity int not null check (quantity > 0),
    received_at timestamptz not null,
    -- 'sealed' until the deadline; 'replaced' by the same seller's next one; 'late' ones are kept and never looked at.
    state text not null check (state in ('sealed', 'replaced', 'late', 'lost', 'won')),
    -- What a policy made it of, so that it can be made again.
    basis jsonb
);
create unique index quote_one on quote (rfq_id, seller) where state in ('sealed', 'lost', 'won');
create index quote_rfq on quote (rfq_id);
create index quote_machine on quote (machine_id, received_at desc) where machine_id is not null;

create table award (
    rfq_id uuid primary key references rfq (id),
    quote_id uuid not null unique references quote (id),
    seller text not null,
    unit_price bigint not null,
    quantity int not null,
    currency text not null,
    awarded_at timestamptz not null,
    -- 'told': an outside seller delivers by itself. 'ordering' becomes 'ordered', 'asked' (the owner is) or 'refused'.
    state text not null check (state in ('told', 'ordering', 'ordered', 'asked', 'refused')),
    purchase_id uuid references purchase (id),
    reason text
);
create index award_seller on award (seller, awarded_at desc);

-- How an outside seller has us quote for it; versions, the highest holds.
create table quoting_policy (
    machine_id uuid not null references machine (id),
    version int not null check (version > 0),
    policy jsonb not null,
    active boolean not null,
    created_at timestamptz not null,
    primary key (machine_id, version)
);

-- Choices seen elsewhere: of goods, of a supplier.
create table observed_choice (
    id uuid primary key,
    machine_id uuid not null references machine (id),
    source text not null,
    key text not null,
    sku text not null,
    currency text not null,
    seen_at timestamptz not null,
    -- [{"seller": "own", "unit_price": 12900, "lead_days": 2}, …]
    alternatives jsonb not null,
    chosen int not null check (chosen >= 0),
    unique (source, key)
);
create index observed_choice_machine on observed_choice (machine_id, seen_at);

create table choice_fit (
    id uuid primary key,
    fitted_at timestamptz not null,
    choices int not null,
    buyers int not null,
    -- The choices it was made of, so that the same are not learnt twice.
    fingerprint bytea not null,
    numbers jsonb not null
);
create index choice_fit_latest on choice_fit (fitted_at desc);

create table choice_buyer (
    machine_id uuid primary key references machine (id),
    fit_id uuid not null references choice_fit (id),
    choices int not null,
    numbers jsonb not null
);
