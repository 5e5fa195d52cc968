-- Whether a meter was filled since somebody asked is read from what was measured: kept beside it, it depended on the
-- order in which readings came in.
alter table device_meter drop column filled_at;
