-- A code that a promotion asks for. `used` counts what is held by drafts and what orders have confirmed.
create table coupon (
    code text primary key check (code = upper(code)),
    promotion text not null,
    -- What was generated together carries one name.
    batch text not null default '',
    active boolean not null default true,
    max_uses int check (max_uses > 0),
    per_customer int check (per_customer > 0),
    valid_from timestamptz,
    valid_to timestamptz,
    used int not null default 0 check (used >= 0),
    created_at timestamptz not null,
    constraint coupon_not_overspent check (max_uses is null or used <= max_uses)
);
create index coupon_promotion on coupon (promotion, batch);
create index coupon_latest on coupon (created_at desc, code);

-- Uses of a promotion as a whole; its row is what writers of its caps take turns on.
create table promotion_use (
    promotion text primary key,
    used int not null default 0 check (used >= 0)
);

-- One use of a promotion by an order: held with the draft, then confirmed or released, once.
create table redemption (
    id uuid primary key,
    -- Checked at the end: the use is claimed before the draft is written.
    order_id uuid not null references sales_order (id) on delete cascade deferrable initially deferred,
    promotion text not null,
    coupon text references coupon (code),
    customer_id uuid,
    -- A digest of the buyer's address: the log and this table outlive the person.
    customer_key text not null,
    amount bigint not null check (amount >= 0),
    currency text not null default '',
    state text not null check (state in ('held', 'confirmed', 'released')),
    held_at timestamptz not null,
    unique (order_id, promotion)
);
create index redemption_customer on redemption (customer_key, promotion) where state <> 'released';
create index redemption_party on redemption (customer_id, promotion) where state <> 'released' and customer_id is not null;
create index redemption_promotion on redemption (promotion, held_at desc);
create index redemption_coupon on redemption (coupon, held_at desc) where coupon is not null;
