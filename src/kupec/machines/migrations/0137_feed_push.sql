-- Agent feeds that we push to whoever takes them by ACP's feed API, and what each has been told of each product.

create table feed_push (
    id uuid primary key,
    market text not null references market (code) on delete cascade,
    -- Where the API is; the feed's id there is empty until it has been made.
    url text not null,
    feed_id text not null default '',
    token bytea not null,
    next_at timestamptz not null,
    pushed_at timestamptz,
    last_error text not null default '',
    created_at timestamptz not null,
    removed_at timestamptz
);

create table feed_pushed (
    push_id uuid not null references feed_push (id) on delete cascade,
    product_id uuid not null,
    digest bytea not null,
    -- Ids and titles of the variants, to take them back by once the product is not sold any more.
    variants jsonb not null,
    primary key (push_id, product_id)
);
