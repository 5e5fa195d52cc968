-- What was given back of an order, however the money went.
create table order_refund (
    id uuid primary key,
    order_id uuid not null references sales_order (id),
    key text not null unique,
    -- What was asked for, so that a repeat is told from another request.
    request jsonb not null,
    reason text not null,
    amount bigint not null check (amount >= 0),
    -- Where it went: off what was still owed, back the way it came, onto a code of store credit, old or new.
    owed bigint not null default 0 check (owed >= 0),
    paid_back bigint not null default 0 check (paid_back >= 0),
    credited bigint not null default 0 check (credited >= 0),
    created_by text not null,
    created_at timestamptz not null,
    check (amount = owed + paid_back + credited)
);
create index order_refund_order on order_refund (order_id, created_at);

-- What it was given back for. Pieces that only became cheaper have no quantity.
create table order_refund_part (
    refund_id uuid not null references order_refund (id) on delete cascade,
    position int not null,
    kind text not null check (kind in ('line', 'shipping', 'payment_fee', 'rounding')),
    line_id uuid references order_line (id),
    quantity int not null default 0 check (quantity >= 0),
    amount bigint not null,
    tax bigint not null,
    tax_bp int not null,
    primary key (refund_id, position),
    check ((kind = 'line') = (line_id is not null))
);
