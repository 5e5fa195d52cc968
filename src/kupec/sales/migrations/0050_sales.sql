create table shipping_method (
    id uuid primary key,
    code text not null unique,
    names jsonb not null,
    carrier text not null,
    transit_days int not null check (transit_days >= 0),
    -- Local wall-clock time in `timezone`; the holidays of `origin_country` are observed.
    cut_off time not null,
    timezone text not null,
    origin_country text not null,
    tracking_url text,
    position int not null default 0,
    active boolean not null default true
);

-- The fee, VAT included, for a country and a currency; nothing from `free_from` of goods upwards.
create table shipping_rate (
    method_id uuid not null references shipping_method (id) on delete cascade,
    country text not null,
    currency text not null,
    fee bigint not null check (fee >= 0),
    free_from bigint check (free_from >= 0),
    primary key (method_id, country, currency)
);

create table cart (
    id uuid primary key,
    customer_id uuid references party (id),
    market text not null references market (code),
    language text not null,
    channel text not null,
    agent text,
    state text not null default 'open' check (state in ('open', 'ordered', 'cancelled')),
    email text,
    name text,
    phone text,
    address jsonb,
    shipping_method text,
    -- The total that a buyer without a page of ours was last shown, in minor units.
    shown_total bigint,
    -- The request that made this cart, when it carried an idempotency key.
    key text unique,
    request_hash bytea,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index cart_customer on cart (customer_id) where customer_id is not null;

create table cart_line (
    id uuid primary key,
    cart_id uuid not null references cart (id) on delete cascade,
    variant_id uuid not null references variant (id),
    quantity int not null check (quantity between 1 and 9999),
    position int not null,
    unique (cart_id, variant_id)
);

create sequence order_number start 10001;

create table sales_order (
    id uuid primary key,
    -- Given when the order is placed; a draft has none.
    number text unique,
    cart_id uuid references cart (id),
    customer_id uuid references party (id),
    state text not null check (state in
        ('draft', 'placed', 'picking', 'shipped', 'delivered', 'cancelled', 'abandoned')),
    market text not null,
    language text not null,
    channel text not null,
    agent text,
    currency text not null,
    email text,
    name text,
    phone text,
    address jsonb not null,
    shipping_method text,
    shipping_name text not null default '',
    shipping_amount bigint not null default 0,
    shipping_tax_bp int not null default 0,
    shipping_tax bigint not null default 0,
    subtotal bigint not null,
    tax bigint not null,
    total bigint not null,
    promised_on date,
    -- The request that is paying for this draft, so that a repeat is recognised.
    key text,
    request_hash bytea,
    external_id text unique,
    origin text not null default 'live' check (origin in ('live', 'imported')),
    created_at timestamptz not null,
    expires_at timestamptz,
    placed_at timestamptz,
    cancelled_at timestamptz,
    constraint placed_orders_have_numbers check (state in ('draft', 'abandoned') or number is not null)
);
-- A cart becomes at most one order.
create unique index sales_order_cart on sales_order (cart_id) where state <> 'abandoned';
-- A repeated request finds the draft it made, even one that came to nothing.
create unique index sales_order_key on sales_order (cart_id, key) where key is not null;
create index sales_order_latest on sales_order (placed_at desc, id desc) where placed_at is not null;
create index sales_order_state on sales_order (state, placed_at desc, id desc) where placed_at is not null;
create index sales_order_customer on sales_order (customer_id, placed_at desc) where placed_at is not null;
create index sales_order_draft on sales_order (expires_at) where state = 'draft';

create table order_line (
    id uuid primary key,
    order_id uuid not null references sales_order (id) on delete cascade,
    position int not null,
    variant_id uuid references variant (id),
    sku text not null,
    name text not null,
    quantity int not null check (quantity > 0),
    unit_amount bigint not null,
    total bigint not null,
    tax_bp int not null,
    tax bigint not null,
    unique (order_id, position)
);

-- What leaves from one location; `parcel` fields are filled when it does.
create table fulfilment (
    id uuid primary key,
    order_id uuid not null references sales_order (id) on delete cascade,
    location_id uuid references location (id),
    state text not null check (state in ('picking', 'shipped', 'delivered', 'cancelled')),
    carrier text,
    tracking_number text,
    tracking_url text,
    picked_at timestamptz,
    shipped_at timestamptz,
    delivered_at timestamptz
);
create index fulfilment_order on fulfilment (order_id);

create table fulfilment_line (
    fulfilment_id uuid not null references fulfilment (id) on delete cascade,
    order_line_id uuid not null references order_line (id) on delete cascade,
    quantity int not null check (quantity > 0),
    primary key (fulfilment_id, order_line_id)
);

create table sales_return (
    id uuid primary key,
    order_id uuid references sales_order (id),
    customer_id uuid references party (id),
    currency text not null,
    total bigint not null,
    external_id text unique,
    origin text not null default 'live' check (origin in ('live', 'imported')),
    returned_at timestamptz not null
);
create index sales_return_customer on sales_return (customer_id);

create table return_line (
    id uuid primary key,
    return_id uuid not null references sales_return (id) on delete cascade,
    variant_id uuid references variant (id),
    sku text not null,
    name text not null,
    quantity int not null check (quantity > 0),
    unit_amount bigint not null
);
create index return_line_return on return_line (return_id);
