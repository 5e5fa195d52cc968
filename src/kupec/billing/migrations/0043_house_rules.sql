-- Above so much, an order on account wants the word of an approver of the customer's; null: never, 0: always.
alter table house_account add column approval_over bigint check (approval_over >= 0);
-- Who holds the cart, where that is known: a key person of the organisation it is for.
alter table account_cart add column person_id uuid references party (id);

-- Each level of dunning that an invoice on account has come to, once.
create table dunning_step (
    payment_id uuid not null references payment (id),
    level int not null check (level > 0),
    at timestamptz not null,
    -- What was owed then.
    amount bigint not null check (amount > 0),
    -- Whether nothing more may be bought on account until it is paid.
    stops boolean not null,
    primary key (payment_id, level)
);
-- A person holds dunning back, because the invoice is disputed; until a day, or until they say otherwise.
create table dunning_pause (
    payment_id uuid primary key references payment (id),
    reason text not null,
    until date,
    paused_by text not null,
    paused_at timestamptz not null
);
create index payment_party on payment (party_id, state) where party_id is not null;

-- A customer ticked that the card of this payment may be kept, in these words. It is when the money is held.
create table card_to_keep (
    payment_id uuid primary key references payment (id),
    party_id uuid not null references party (id) on delete cascade,
    consent text not null,
    asked_at timestamptz not null
);
alter table stored_card add column consent text not null default '';
