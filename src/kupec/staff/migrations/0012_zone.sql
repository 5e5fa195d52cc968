-- Whose clock somebody goes by, as an IANA name; null for the shop's.
alter table staff add column zone text;

-- The address of somebody's calendar holds a secret; only its SHA-256 is stored, and a new one makes the old one void.
create table staff_calendar (
    staff_id uuid primary key references staff (id) on delete cascade,
    token_hash bytea not null unique,
    created_at timestamptz not null
);
