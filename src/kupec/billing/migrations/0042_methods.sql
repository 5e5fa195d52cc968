-- Ways to pay that need no network: a transfer, cash on delivery, an account. The order stands and the money is owed.
alter table payment drop constraint payment_state_check;
alter table payment add constraint payment_state_check check (state in
    ('pending', 'requires_action', 'authorised', 'capturing', 'awaiting', 'captured', 'voiding', 'voided', 'failed'));
-- An order that store credit pays whole costs nothing, and its payment says so.
alter table payment drop constraint payment_amount_check;
alter table payment add constraint payment_amount_check check (amount >= 0);
alter table payment
    -- What the customer's bank is told and a statement brings back: digits, at most ten.
    add column variable_symbol text check (variable_symbol ~ '^[0-9]{1,10}$'),
    add column due_on date,
    add column reminded_at timestamptz,
    -- Who owes it, where that is known.
    add column party_id uuid;
drop index payment_one_live;
create unique index payment_one_live on payment (order_id)
    where state in ('pending', 'requires_action', 'authorised', 'capturing', 'awaiting', 'captured');
create unique index payment_symbol on payment (variable_symbol)
    where state = 'awaiting' and variable_symbol is not null;
create index payment_awaiting on payment (due_on, id) where state = 'awaiting';

-- A customer who pays later, up to a limit. That `used` never passes it holds whatever a verb forgets.
create table house_account (
    party_id uuid not null references party (id),
    currency text not null,
    credit_limit bigint not null check (credit_limit >= 0),
    used bigint not null default 0 check (used >= 0),
    terms_days int not null check (terms_days between 0 and 365),
    active boolean not null default true,
    opened_at timestamptz not null,
    primary key (party_id, currency),
    check (used <= credit_limit)
);
-- What an order has used of an account, until it is paid or comes to nothing.
create table credit_hold (
    order_id uuid primary key,
    party_id uuid not null,
    currency text not null,
    amount bigint not null check (amount > 0),
    foreign key (party_id, currency) references house_account (party_id, currency)
);
create index credit_hold_account on credit_hold (party_id, currency);

-- Carts whose holder has proved for whom they buy: an e-mail address that anybody may type is no leave to owe.
create table account_cart (
    cart_id uuid primary key,
    party_id uuid not null references party (id),
    proved_at timestamptz not null
);

-- A file from the bank, as it was brought in.
create table bank_statement (
    id uuid primary key,
    filename text not null,
    format text not null,
    lines int not null,
    fresh int not null,
    imported_by text not null,
    imported_at timestamptz not null
);
-- One movement on a bank account. `bank_id` is the bank's own id, or a digest of the line where it gives none:
-- what makes it come in once, however often its statement does.
create table bank_line (
    id uuid primary key,
    statement_id uuid not null references bank_statement (id),
    account text not null,
    bank_id text not null,
    booked_on date not null,
    amount bigint not null,
    currency text not null,
    variable_symbol text,
    payer text not null default '',
    payer_account text not null default '',
    message text not null default '',
    state text not null check (state in ('open', 'matched', 'ignored')),
    -- How much of it pays for something.
    matched bigint not null default 0 check (matched >= 0 and (matched = 0 or matched <= amount)),
    note text not null default '',
    unique (account, bank_id)
);
create index bank_line_open on bank_line (booked_on desc, id) where state = 'open';
create index bank_line_booked on bank_line (booked_on desc, id);
create index bank_line_statement on bank_line (statement_id);

-- Which movement paid which payment: one may pay several, and several one.
create table bank_match (
    id uuid primary key,
    line_id uuid not null references bank_line (id),
    payment_id uuid not null references payment (id),
    amount bigint not null check (amount > 0),
    matched_by text not null,
    matched_at timestamptz not null,
    unique (line_id, payment_id)
);
create index bank_match_payment on bank_match (payment_id);

-- A card a customer let us keep: what the provider calls it, never its number.
create table stored_card (
    id uuid primary key,
    party_id uuid not null references party (id) on delete cascade,
    provider text not null,
    customer_reference text not null,
    card_reference text not null,
    label text not null,
    created_at timestamptz not null,
    unique (provider, card_reference)
);
create index stored_card_party on stored_card (party_id, created_at desc);
