-- Every mail we wrote, once for each reason to write it. In the demo this table is the outbox.
create table mail (
    id uuid primary key,
    kind text not null,
    subject_ref text not null,
    -- The thing in whose history the sending is noted ("order:…").
    history text not null,
    customer_id uuid references party (id),
    language text not null,
    to_address text not null,
    title text not null,
    html text not null,
    text text not null,
    state text not null default 'queued' check (state in ('queued', 'sent', 'failed')),
    attempts int not null default 0,
    error text,
    created_at timestamptz not null,
    sent_at timestamptz,
    unique (kind, subject_ref)
);
create index mail_latest on mail (created_at desc, id desc);
