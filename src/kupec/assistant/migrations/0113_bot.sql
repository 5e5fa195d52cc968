-- Trained models, as bytes; the live one is what every process loads. `fingerprint` is of the phrases it was trained from.
create table bot_model (
    id uuid primary key,
    trained_at timestamptz not null,
    fingerprint text not null,
    phrases int not null,
    intents int not null,
    threshold real not null,
    seconds real not null,
    data bytea not null,
    is_live boolean not null
);
create unique index bot_model_live on bot_model (is_live) where is_live;

-- What the bot has at hand in a conversation: the cart, and where the customer shops.
create table chat_context (
    conversation_id uuid primary key references conversation (id) on delete cascade,
    cart_id uuid,
    market text,
    greeted boolean not null default false,
    updated_at timestamptz not null
);

-- A step that was begun outside the database and has not been answered: repeated, under the same key, when who did it died.
create table bot_pending (
    conversation_id uuid primary key references conversation (id) on delete cascade,
    effect jsonb not null,
    upto int not null,
    begun_at timestamptz not null
);
