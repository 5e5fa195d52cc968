-- One attempt to take money. `order_id` names the draft order it pays for.
create table payment (
    id uuid primary key,
    order_id uuid not null,
    provider text not null,
    amount bigint not null check (amount > 0),
    currency text not null,
    state text not null check (state in
        ('pending', 'requires_action', 'authorised', 'capturing', 'captured', 'voiding', 'voided', 'failed')),
    provider_reference text,
    action_url text,
    error_code text,
    card_label text,
    -- Asked to be given back, whether done yet or not: what makes giving back twice impossible.
    refunded bigint not null default 0 check (refunded between 0 and amount),
    -- What a person has to look into; null when all is well.
    problem text,
    -- When a job is to look at this payment again: ask the provider, capture, or void.
    check_at timestamptz,
    -- How often it has looked since the state last changed.
    checks int not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (provider, provider_reference)
);
create index payment_order on payment (order_id);
create index payment_check on payment (check_at) where check_at is not null;
create index payment_problem on payment (updated_at) where problem is not null;
-- At most one attempt of an order can hold money or be on its way to it.
create unique index payment_one_live on payment (order_id)
    where state in ('pending', 'requires_action', 'authorised', 'capturing', 'captured');

create table refund (
    id uuid primary key,
    payment_id uuid not null references payment (id),
    key text not null unique,
    amount bigint not null check (amount > 0),
    reason text not null,
    state text not null check (state in ('pending', 'done', 'failed')),
    provider_reference text,
    error_code text,
    check_at timestamptz,
    checks int not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index refund_payment on refund (payment_id);
create index refund_check on refund (check_at) where check_at is not null;
