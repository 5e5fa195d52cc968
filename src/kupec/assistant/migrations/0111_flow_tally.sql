-- How often each version of a flow began and how it ended, by day: read from the log.
create table flow_tally (
    code text not null,
    version int not null,
    day date not null,
    started int not null default 0,
    completed int not null default 0,
    cancelled int not null default 0,
    handed_over int not null default 0,
    failed int not null default 0,
    primary key (code, version, day)
);
create index flow_tally_day on flow_tally (day);
