-- What the shop knows. `state` is what the public sees of it: published, else the state of what is being written, else
-- retired. `change_id` changes with everything that search must know of; the one with the highest `change_no` is the
-- mark by which a process sees that its index is old (writers take turns, so numbers are committed in their order).
create sequence knowledge_change;
create table article (
    id uuid primary key,
    code text collate "C" not null unique check (code ~ '^[a-z0-9][a-z0-9-]{0,79}$'),
    category text not null,
    position int not null default 0,
    state text not null check (state in ('draft', 'review', 'published', 'retired')),
    source_url text not null default '',
    source_print text not null default '',
    source_now text not null default '',
    source_problem text not null default '',
    source_checked_at timestamptz,
    source_due_at timestamptz,
    change_no bigint not null default nextval('knowledge_change'),
    change_id uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index article_change on article (change_no desc);
create index article_source_due on article (source_due_at) where source_due_at is not null;
create index article_category on article (category, position, code);

-- `revision` counts how often a draft was saved. One version of an article is published, and one is being written.
create table article_version (
    id uuid primary key,
    article_id uuid not null references article (id) on delete cascade,
    number int not null,
    revision int not null default 1,
    state text not null check (state in ('draft', 'review', 'published', 'retired')),
    content jsonb not null,
    note text not null default '',
    author text not null,
    reviewer text not null default '',
    publisher text not null default '',
    back_to int,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    published_at timestamptz,
    retired_at timestamptz,
    unique (article_id, number)
);
create unique index article_version_published on article_version (article_id) where state = 'published';
create unique index article_version_pending on article_version (article_id) where state in ('draft', 'review');

-- Other ways to ask, learnt from what customers wrote; `customer_id` is whose words they are, if anybody's.
create table article_phrasing (
    id uuid primary key,
    article_id uuid not null references article (id) on delete cascade,
    language text not null,
    text text not null,
    folded text collate "C" not null,
    source text not null,
    customer_id uuid,
    author text not null,
    created_at timestamptz not null,
    unique (article_id, language, folded)
);
create index article_phrasing_customer on article_phrasing (customer_id) where customer_id is not null;

-- Where an article is or was on the help pages: an old address leads to the new one.
create table article_address (
    language text not null,
    slug text collate "C" not null,
    article_id uuid not null references article (id) on delete cascade,
    current boolean not null default true,
    primary key (language, slug)
);
create unique index article_address_current on article_address (article_id, language) where current;

-- "Was this helpful?": counted, never by whom.
create table article_help (
    article_id uuid not null references article (id) on delete cascade,
    language text not null,
    day date not null,
    yes int not null default 0,
    nay int not null default 0,
    primary key (article_id, language, day)
);
