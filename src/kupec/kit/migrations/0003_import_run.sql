-- A file that is brought in, batch by batch; `last_line` moves in the transaction that writes the batch.
create table import_run (
    id uuid primary key,
    kind text not null,
    file_sha256 bytea not null,
    mapping_sha256 bytea not null,
    file_name text not null,
    last_line bigint not null default 0,
    written bigint not null default 0,
    skipped bigint not null default 0,
    failed bigint not null default 0,
    started_at timestamptz not null,
    moved_at timestamptz not null,
    finished_at timestamptz,
    unique (kind, file_sha256, mapping_sha256)
);

create table import_error (
    run_id uuid not null references import_run (id) on delete cascade,
    line bigint not null,
    number int not null,
    field text not null,
    reason text not null,
    raw text not null,
    primary key (run_id, line, number)
);
