-- The receiver's secret as whoever queued it has sealed it; gone with the body.

alter table machine_webhook add column sealed bytea;
