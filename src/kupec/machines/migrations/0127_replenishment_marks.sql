-- Devices say what was filled, day by day: that alone tells what is gone from beside the device.
alter table replenishment_policy rename column marked_used to marked_filled;
alter table replenishment_policy drop column marked_level;
-- From where a counter is counted to the first service: the last multiple of its interval that had passed.
alter table replenishment_policy add column counter_base double precision;
