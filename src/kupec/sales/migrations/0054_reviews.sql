-- What buyers say about what they bought. Averages are computed from the published ones, along the index below.
create table review (
    id uuid primary key,
    product_id uuid not null references product (id) on delete cascade,
    customer_id uuid not null references party (id),
    order_id uuid not null references sales_order (id),
    stars smallint not null check (stars between 1 and 5),
    title text not null default '',
    body text not null default '',
    -- As the buyer wants to be called in public.
    author text not null default '',
    language text not null,
    state text not null default 'pending' check (state in ('pending', 'published', 'rejected')),
    -- Why it was rejected: for the buyer.
    reason text not null default '',
    reply text not null default '',
    written_at timestamptz not null,
    decided_at timestamptz,
    replied_at timestamptz,
    unique (product_id, customer_id)
);
create index review_published on review (product_id, written_at desc, id) include (stars) where state = 'published';
create index review_state on review (state, written_at desc, id);
create index review_customer on review (customer_id, written_at);

-- `person` is "customer:id", or "visitor:id" of somebody of whom nothing else is known.
create table product_like (
    product_id uuid not null references product (id) on delete cascade,
    person text not null,
    liked_at timestamptz not null,
    primary key (product_id, person)
);
create table product_share (
    product_id uuid not null references product (id) on delete cascade,
    person text not null,
    -- "link", "mail", or what the visitor's own device offers.
    way text not null,
    shared_at timestamptz not null,
    primary key (product_id, person, way)
);
