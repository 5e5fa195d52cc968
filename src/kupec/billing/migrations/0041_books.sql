-- The ledger: each row is one movement between two accounts, so it cannot be out of balance.
create table ledger_entry (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    debit text not null,
    credit text not null,
    amount bigint not null check (amount > 0),
    currency text not null,
    order_id uuid,
    party_id uuid,
    -- What it was posted for ("payment:<id>:captured"): the same thing is posted once.
    source text not null unique,
    check (debit <> credit)
);
create index ledger_entry_order on ledger_entry (order_id) where order_id is not null;
create index ledger_entry_party on ledger_entry (party_id) where party_id is not null;
create index ledger_entry_at on ledger_entry (at, id);

-- Invoices and credit notes. What was requested has no number yet; what has a number never changes again.
create table accounting_document (
    id uuid primary key,
    kind text not null check (kind in ('invoice', 'credit_note')),
    -- What it was requested for ("order:<id>", "refund:<id>"): the same thing is documented once.
    key text not null unique,
    order_id uuid not null,
    party_id uuid,
    channel text,
    language text not null,
    currency text not null,
    -- Of a credit note, too, amounts above zero: what is credited.
    total bigint not null,
    tax bigint not null,
    content jsonb not null,
    requested_at timestamptz not null,
    series text,
    serial int check (serial > 0),
    number text unique,
    issued_on date,
    issued_at timestamptz,
    pdf bytea,
    pdf_sha256 bytea,
    rendered_at timestamptz,
    unique (series, serial),
    constraint issued_whole check (num_nonnulls(series, serial, number, issued_on, issued_at) in (0, 5)),
    constraint printed_after_issue check (pdf is null or issued_at is not null),
    constraint printed_whole check (num_nonnulls(pdf, pdf_sha256, rendered_at) in (0, 3))
);
create index accounting_document_order on accounting_document (order_id);
create index accounting_document_party on accounting_document (party_id) where party_id is not null;
create index accounting_document_latest on accounting_document (issued_at desc, id desc) where issued_at is not null;

-- The last number given in each series: counted up in the transaction that gives it, so there are no gaps.
create table document_series (
    series text primary key,
    last int not null check (last > 0),
    -- Dates of a series never go back.
    last_on date not null
);

create table store_credit (
    id uuid primary key,
    code text not null unique,
    party_id uuid,
    currency text not null,
    issued bigint not null check (issued > 0),
    balance bigint not null check (balance between 0 and issued),
    cause text not null check (cause in ('refund', 'goodwill')),
    reason text not null,
    key text not null unique,
    order_id uuid,
    created_at timestamptz not null
);
create index store_credit_party on store_credit (party_id) where party_id is not null;
create index store_credit_latest on store_credit (created_at desc, id desc);

-- Every change of a balance; `amount` is what it added (issued, released) or took (held, below zero).
create table store_credit_movement (
    id uuid primary key,
    credit_id uuid not null references store_credit (id),
    order_id uuid,
    kind text not null check (kind in ('issued', 'held', 'released')),
    amount bigint not null check (amount <> 0 and (kind = 'held') = (amount < 0)),
    at timestamptz not null
);
create index store_credit_movement_credit on store_credit_movement (credit_id);
create index store_credit_movement_order on store_credit_movement (order_id) where order_id is not null;
