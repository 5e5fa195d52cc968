-- Business settings: documents that are drafted, looked at, published, and taken back, all at run time.
create table document_version (
    id uuid primary key,
    kind text not null,
    number int not null,
    state text not null check (state in ('draft', 'published', 'retired')),
    document jsonb not null,
    note text not null default '',
    author text not null,
    created_at timestamptz not null,
    published_at timestamptz,
    unique (kind, number)
);
create unique index document_version_published on document_version (kind) where state = 'published';
