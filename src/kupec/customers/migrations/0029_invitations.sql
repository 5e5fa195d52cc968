-- Who was asked by mail to act for an organisation, and has not said yes yet. Whoever shows that they read the address
-- may; until then nobody learns whether it is known.
create table role_invitation (
    id uuid primary key,
    organisation_id uuid not null references party (id) on delete cascade,
    email text collate "C" not null,
    role text not null check (role in ('buyer', 'approver', 'accountant')),
    invited_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    unique (organisation_id, email, role)
);
create index role_invitation_email on role_invitation (email);
