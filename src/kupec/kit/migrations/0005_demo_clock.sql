-- The demo's time: how far ahead of the real one it stands, and where somebody has sent it. A real shop has no row.
create table demo_clock (
    single boolean primary key default true check (single),
    ahead interval not null,
    travel_to timestamptz
);
