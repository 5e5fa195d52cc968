-- Buying of other sellers: whom an owner buys of, how they are compared, and the orders placed there.

create table supplier (
    id uuid primary key,
    party_id uuid not null references party (id),
    name text not null check (name <> ''),
    -- Where it publishes what it is: https://shop.example; `host` is how mandates call it.
    url text not null,
    host text not null,
    -- How the owner pays there: which of the seller's ways, and with what, sealed.
    handler text not null,
    credential_type text not null,
    sealed bytea,
    -- Days after which the owner pays, as agreed between them.
    payment_days int not null default 0 check (payment_days between 0 and 365),
    state text not null default 'active' check (state in ('active', 'paused', 'removed')),
    -- Why it was paused, where nobody has done it: "overcharged".
    paused_for text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index supplier_once on supplier (party_id, host) where state <> 'removed';
create index supplier_party on supplier (party_id, created_at desc);

-- What a seller calls our goods, where it does not call them as we do.
create table supplier_item (
    supplier_id uuid not null references supplier (id) on delete cascade,
    sku text not null,
    item_id text not null,
    primary key (supplier_id, sku)
);

-- What an owner weighs when suppliers are compared; without a row the shop's rules hold.
create table supplier_weights (
    party_id uuid primary key references party (id),
    price int not null check (price between 0 and 100),
    delivery int not null check (delivery between 0 and 100),
    reliability int not null check (reliability between 0 and 100),
    terms int not null check (terms between 0 and 100),
    updated_at timestamptz not null,
    check (price + delivery + reliability + terms > 0)
);

-- A machine's purchase at another seller.
create table foreign_order (
    purchase_id uuid primary key references purchase (id),
    supplier_id uuid not null references supplier (id),
    party_id uuid not null references party (id),
    -- The seller's checkout session.
    session_id text not null,
    -- What it is to cost, as the seller said before it was claimed.
    agreed_total bigint not null check (agreed_total >= 0),
    currency text not null,
    promised_at timestamptz,
    -- Since when it may have been ordered there: from then on only the seller knows.
    completing_since timestamptz,
    order_id text,
    permalink text,
    state text not null default 'wanted'
        check (state in ('wanted', 'placed', 'delivered', 'cancelled', 'failed')),
    placed_total bigint,
    placed_at timestamptz,
    delivered_at timestamptz,
    ended_at timestamptz,
    looks int not null default 0,
    next_look_at timestamptz,
    created_at timestamptz not null
);
create index foreign_order_supplier on foreign_order (supplier_id, created_at desc);
create index foreign_order_party on foreign_order (party_id, created_at desc);
create index foreign_order_due on foreign_order (next_look_at) where next_look_at is not null;
