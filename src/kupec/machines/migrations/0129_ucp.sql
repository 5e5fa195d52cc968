-- What platforms fill before they check out. A checkout session is a cart of sales that has no row here.
create table ucp_cart (
    cart_id     uuid primary key references cart on delete cascade,
    checkout_id uuid references cart on delete set null,
    created_at  timestamptz not null
);
create index on ucp_cart (checkout_id);

-- Requests that change something, by the key their platform gave them: made once, told apart by what they said.
create table ucp_request (
    platform     text        not null,
    key          text        not null,
    request_hash bytea       not null,
    at           timestamptz not null,
    primary key (platform, key)
);
create index on ucp_request (at);

-- What a buyer agrees to by the word of their platform, until there is an order to ask them about.
create table ucp_consent (
    cart_id uuid        not null references cart on delete cascade,
    purpose text        not null,
    granted boolean     not null,
    at      timestamptz not null,
    primary key (cart_id, purpose)
);
