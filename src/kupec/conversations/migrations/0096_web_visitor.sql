-- A browser that chats; `id` is what its token names and the address of its legs. `session_id` is the sign-in by which it
-- proved who it is, good until `proven_until` at most: when that session ends, so does the proof. `cart_id` is the cart it
-- holds, as the shop above says.
create table web_visitor (
    id uuid primary key,
    inbox_id uuid not null references inbox (id) on delete cascade,
    language text not null,
    origin text not null default '',
    cart_id uuid,
    party_id uuid references party (id) on delete set null,
    session_id uuid references customer_session (id) on delete set null,
    proven_until timestamptz,
    created_at timestamptz not null,
    seen_at timestamptz not null
);
create index web_visitor_seen on web_visitor (seen_at);
create index web_visitor_party on web_visitor (party_id) where party_id is not null;
create index web_visitor_session on web_visitor (session_id) where session_id is not null;
