-- In which order machines are told of one thing: ids that were made in the same millisecond have none.

alter table machine_webhook add column place bigint generated always as identity;
