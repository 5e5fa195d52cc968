-- Why a mail was written, for what purpose, and what became of it; a message that was withheld stands here as well, so
-- that this table is the journal of what was said to whom and why.
alter table mail drop constraint mail_state_check;
alter table mail add constraint mail_state_check
    check (state in ('queued', 'held', 'sent', 'failed', 'withheld', 'bounced'));
-- "event:order.placed", "rule:<code>", "staff:<id>", "sweep:abandoned_cart".
alter table mail add column reason text not null default '';
alter table mail add column purpose text not null default 'service';
-- Of the TEMPLATES document; 0 are our own words. Null: a letter that is not one of its messages.
alter table mail add column template_version int;
-- Under which text the customer consented, where the purpose needs it.
alter table mail add column consent_version text;
-- Why it was withheld: "consent", "bounced", "cap", "no_address", "off", "no_longer".
alter table mail add column why text;
-- Not before: a message that fell into quiet hours waits for their end.
alter table mail add column send_after timestamptz;
create index mail_held on mail (send_after, id) where state = 'held';
create index mail_customer on mail (customer_id, created_at desc, id desc);
create index mail_marketing on mail (customer_id, (coalesce(sent_at, send_after, created_at)))
    where purpose <> 'service' and state in ('queued', 'held', 'sent', 'bounced');

-- What came back. The address is noted, not the contact point's row: it may be typed anew, and it still does not exist.
create table mail_bounce (
    id uuid primary key,
    address text collate "C" not null,
    mail_id uuid references mail (id) on delete cascade,
    hard boolean not null,
    -- An enhanced status such as 5.1.1, or the server's three digits.
    code text not null,
    reason text not null,
    at timestamptz not null,
    -- Somebody says the address works again.
    lifted_at timestamptz,
    unique (mail_id, code)
);
create index mail_bounce_address on mail_bounce (address, at desc) where lifted_at is null;
