-- When what feeds of a market tell last became other than it was: what their Last-Modified says.

create table feed_version (
    market text primary key references market (code) on delete cascade,
    digest text not null,
    changed_at timestamptz not null
);
