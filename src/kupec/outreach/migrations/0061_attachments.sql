-- The accounting document a mail brings, as it was laid out.
alter table mail add column document_id uuid;
