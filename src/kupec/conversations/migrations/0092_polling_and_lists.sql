-- An inbox that is asked for what is new: by one worker at a time, until then; and how far it has been read.
alter table inbox
    add column polled_until timestamptz,
    add column polled_after text not null default '';
