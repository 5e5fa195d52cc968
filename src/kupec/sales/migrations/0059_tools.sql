-- What a tool did under a key of a turn: the same step said again does nothing again. `made` is the id of what came of it.
create table tool_call (
    key text collate "C" primary key,
    tool text not null,
    made text not null default '',
    called_at timestamptz not null
);
create index tool_call_age on tool_call (called_at);

-- Guesses at orders by number and e-mail, counted as kit/attempts.py counts.
create table order_guess (
    key text collate "C" primary key,
    failures int not null,
    window_ends_at timestamptz not null
);
create index order_guess_age on order_guess (window_ends_at);

-- What was given to make up for a mistake, within the merchant's limits. `customer_id` is the customer at that time.
create table goodwill (
    id uuid primary key,
    key text collate "C" unique not null,
    customer_id uuid not null,
    order_id uuid references sales_order (id),
    task_id uuid,
    credit_id uuid not null references store_credit (id),
    currency text not null,
    amount bigint not null check (amount > 0),
    given_by text not null,
    given_at timestamptz not null
);
create index goodwill_customer on goodwill (customer_id, given_at);
create index goodwill_order on goodwill (order_id) where order_id is not null;
create index goodwill_task on goodwill (task_id) where task_id is not null;
