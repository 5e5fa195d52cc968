-- Who was connected with an agent by OAuth: clients that registered themselves, what customers have let them do, and
-- the codes and refresh tokens of it. Access tokens are machine keys.

-- A client says itself what it is called: nobody has checked it. There are no secrets of clients: all are public (PKCE).
create table mcp_client (
    id text primary key,
    name text not null,
    uri text,
    redirect_uris text[] not null,
    created_at timestamptz not null
);
create index mcp_client_created on mcp_client (created_at);

-- A customer's yes. One machine of an account stands for one client, however often it is connected again.
create table mcp_grant (
    id uuid primary key,
    client_id text not null references mcp_client (id),
    machine_id uuid not null references machine (id),
    party_id uuid not null references party (id),
    granted_by uuid not null references party (id),
    scopes text[] not null,
    -- What the consent page was shown for: it is answered once.
    ask_id uuid not null unique,
    created_at timestamptz not null,
    ended_at timestamptz,
    ended_why text check (ended_why in ('replayed', 'revoked', 'replaced'))
);
create index mcp_grant_client on mcp_grant (client_id, party_id, created_at desc);
create index mcp_grant_machine on mcp_grant (machine_id, created_at desc);

create table mcp_code (
    digest bytea primary key,
    grant_id uuid not null references mcp_grant (id),
    redirect_uri text not null,
    challenge text not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index mcp_code_expires on mcp_code (expires_at);
create index mcp_code_grant on mcp_code (grant_id);

-- A refresh token is used once; one that is used again ends the whole grant.
create table mcp_refresh (
    digest bytea primary key,
    grant_id uuid not null references mcp_grant (id),
    -- The access token that was given with it.
    key_id uuid not null references machine_key (id),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index mcp_refresh_expires on mcp_refresh (expires_at);
create index mcp_refresh_grant on mcp_refresh (grant_id);
