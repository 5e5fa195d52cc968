-- How a cart is to be paid, what it claims, and what a made-to-order line says.
alter table cart
    add column payment_method text,
    add column coupons text[] not null default '{}',
    add column credit_code text,
    add column slot_id uuid,
    -- A parcel point or box: {"id", "label"}.
    add column pickup_point jsonb,
    -- For the invoice: {"name", "company_id", "vat_id"}.
    add column company jsonb;

alter table cart_line
    add column options jsonb not null default '{}',
    -- The options as canonical text: two lines of one variant differ by it.
    add column options_key text not null default '';
alter table cart_line drop constraint cart_line_cart_id_variant_id_key;
alter table cart_line add unique (cart_id, variant_id, options_key);

alter table sales_order
    -- Where VAT is declared.
    add column tax_country text,
    add column payment_method text,
    add column payment_name text not null default '',
    add column payment_fee bigint not null default 0,
    add column payment_fee_tax_bp int not null default 0,
    add column payment_fee_tax bigint not null default 0,
    -- Off the lines and off the fee of delivery, both already taken from the amounts.
    add column discount bigint not null default 0,
    add column shipping_discount bigint not null default 0,
    -- Of a total paid in cash, to the smallest coin; carries no tax.
    add column rounding bigint not null default 0,
    -- The part of the total that store credit pays.
    add column credit bigint not null default 0,
    add column credit_code text,
    add column slot_id uuid,
    add column pickup_point jsonb,
    add column company jsonb,
    -- Whether it holds more than goods (uses of promotions, credit, a limit, a slot), to be given back with it.
    add column claims boolean not null default false;

alter table order_line
    add column discount bigint not null default 0,
    -- Made to order: [[label, value], …] in the buyer's language.
    add column options jsonb not null default '[]',
    add column lead_days int not null default 0,
    add column gift boolean not null default false,
    -- Of a bundle: [{"variant_id", "sku", "name", "quantity", "stocked"}, …] for one piece.
    add column components jsonb not null default '[]';

-- Which promotions made an order cheaper, and by how much.
create table order_discount (
    order_id uuid not null references sales_order (id) on delete cascade,
    position int not null,
    promotion text not null,
    name text not null,
    coupon text,
    amount bigint not null check (amount >= 0),
    primary key (order_id, position)
);
create index order_discount_promotion on order_discount (promotion);

-- Of a bundle each component is picked by itself.
alter table fulfilment_line add column variant_id uuid;
update fulfilment_line set variant_id = order_line.variant_id
  from order_line where order_line.id = fulfilment_line.order_line_id;
-- An imported line may know no variant: it counts as itself.
update fulfilment_line set variant_id = order_line_id where variant_id is null;
alter table fulfilment_line alter column variant_id set not null;
alter table fulfilment_line drop constraint fulfilment_line_pkey;
alter table fulfilment_line add primary key (fulfilment_id, order_line_id, variant_id);
