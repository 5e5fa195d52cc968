-- A cart that an organisation's approver is asked about: as it was seen, and what became of it.
create table approval (
    id uuid primary key,
    cart_id uuid not null references cart (id),
    organisation_id uuid not null references party (id),
    asked_by uuid references party (id),
    total bigint not null,
    currency text not null,
    -- The lines as they were shown to who asked; figures and names of goods.
    seen jsonb not null,
    state text not null check (state in ('asked', 'approved', 'declined', 'expired', 'withdrawn')),
    order_id uuid references sales_order (id),
    decided_by text,
    note text not null default '',
    asked_at timestamptz not null,
    expires_at timestamptz not null,
    decided_at timestamptz
);
create unique index approval_live on approval (cart_id) where state = 'asked';
create index approval_organisation on approval (organisation_id, asked_at desc);
create index approval_waiting on approval (expires_at) where state = 'asked';
-- The approval that holds for the cart as it is. On the cart's own row, so that whoever waited for its lock sees it.
alter table cart add column approval_id uuid references approval (id);
