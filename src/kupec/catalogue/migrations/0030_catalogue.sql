create extension if not exists pg_trgm;

create table market (
    code text primary key,
    language text not null,
    currency text not null,
    home_country text not null,
    countries text[] not null,
    position int not null
);

create table category (
    id uuid primary key,
    code text not null unique,
    parent_id uuid references category (id),
    position int not null default 0
);
create index category_parent on category (parent_id);

create table category_text (
    category_id uuid not null references category (id) on delete cascade,
    language text not null,
    name text not null,
    slug text not null,
    primary key (category_id, language),
    unique (language, slug)
);

create table media (
    id uuid primary key,
    sha256 bytea not null unique,
    content_type text not null,
    bytes bytea not null,
    created_at timestamptz not null
);

create table product (
    id uuid primary key,
    external_id text not null unique,
    kind text not null default 'goods' check (kind in ('goods', 'service')),
    brand text not null default '',
    vat_class text not null default 'standard',
    status text not null default 'active' check (status in ('draft', 'active', 'archived')),
    picture_id uuid references media (id),
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- What the merchant wrote; how it is found and sorted is in product_index.
create table product_text (
    product_id uuid not null references product (id) on delete cascade,
    language text not null,
    name text not null,
    slug text not null,
    summary text not null default '',
    description text not null default '',
    primary key (product_id, language),
    unique (language, slug)
);

-- Made from the tables above and below by the verb that changes them, one row for each language of a market. Where the
-- product has no text in that language, `text_language` says which one stands in.
create table product_index (
    product_id uuid not null references product (id) on delete cascade,
    language text not null,
    text_language text not null,
    sort_key text collate "C" not null,
    terms tsvector not null,
    -- The lowest price of an active variant by currency; empty for a product that is not active.
    prices jsonb not null,
    primary key (language, product_id)
);
create index product_index_product on product_index (product_id);
create index product_index_terms on product_index using gin (terms);

-- The words that stand in the names of the products, for mending a buyer's typing errors. None is ever removed.
create table search_word (
    language text not null,
    word text collate "C" not null,
    stem text collate "C" not null,
    primary key (language, word)
);
create index search_word_stem on search_word (language, stem);
create index search_word_near on search_word using gist (word gist_trgm_ops);

create table product_category (
    product_id uuid not null references product (id) on delete cascade,
    category_id uuid not null references category (id) on delete cascade,
    primary key (category_id, product_id)
);
create index product_category_product on product_category (product_id);

create table product_attribute (
    product_id uuid not null references product (id) on delete cascade,
    code text not null,
    position int not null default 0,
    value jsonb not null,
    primary key (product_id, code)
);

create table variant (
    id uuid primary key,
    product_id uuid not null references product (id) on delete cascade,
    sku text not null unique,
    barcode text,
    position int not null default 0,
    names jsonb not null default '{}',
    weight_g int not null default 0 check (weight_g >= 0),
    stocked boolean not null default true,
    status text not null default 'active' check (status in ('active', 'archived'))
);
create index variant_product on variant (product_id, position);
create index variant_sku_lower on variant (lower(sku) text_pattern_ops);
create index variant_barcode on variant (barcode) where barcode is not null;

-- Prices include VAT; with the market's currency they are what the customer sees.
create table price (
    variant_id uuid not null references variant (id) on delete cascade,
    currency text not null,
    amount bigint not null check (amount >= 0),
    primary key (variant_id, currency)
);
create index price_currency on price (currency, variant_id) include (amount);

create table vat_rate (
    country text not null,
    vat_class text not null,
    rate_bp int not null check (rate_bp between 0 and 5000),
    primary key (country, vat_class)
);

create table location (
    id uuid primary key,
    code text not null unique,
    name text not null,
    country text not null,
    position int not null default 0
);

-- `on_hand` is what lies on the shelf, `allocated` the part of it that belongs to placed orders.
create table stock_level (
    variant_id uuid not null references variant (id) on delete cascade,
    location_id uuid not null references location (id),
    on_hand int not null check (on_hand >= 0),
    allocated int not null default 0,
    primary key (variant_id, location_id),
    constraint never_oversold check (allocated between 0 and on_hand)
);

-- Goods held for somebody in checkout until `expires_at`. `holder` is the cart.
create table reservation (
    holder uuid not null,
    variant_id uuid not null,
    location_id uuid not null,
    quantity int not null check (quantity > 0),
    expires_at timestamptz not null,
    primary key (variant_id, location_id, holder),
    foreign key (variant_id, location_id) references stock_level on delete cascade
);
create index reservation_holder on reservation (holder);
create index reservation_expiry on reservation (expires_at);

-- Goods that belong to a placed order until they leave or the order is cancelled. `holder` is the order.
create table allocation (
    holder uuid not null,
    variant_id uuid not null,
    location_id uuid not null,
    quantity int not null check (quantity > 0),
    primary key (holder, variant_id, location_id),
    foreign key (variant_id, location_id) references stock_level
);
create index allocation_place on allocation (variant_id, location_id);
