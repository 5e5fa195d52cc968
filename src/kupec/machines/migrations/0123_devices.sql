-- Devices of customers: which model, where; what they measured, and what of it is kept.

create table device (
    machine_id uuid primary key references machine (id),
    party_id uuid not null references party (id),
    -- Which of the things that the customer has this is, if it is known.
    owned_id uuid references owned_product (id),
    variant_id uuid references variant (id),
    -- The device that may report for this one, such as the gateway of a building.
    gateway_id uuid references device (machine_id),
    -- The code of a model in the document "device_models".
    model text not null,
    serial text not null default '',
    place text not null default '',
    zone text not null,
    registered_at timestamptz not null,
    last_seen_at timestamptz,
    -- Since when it is known to be silent.
    silent_since timestamptz,
    -- How many readings were taken of it on this day (UTC): a device that floods us is cut off for the day.
    counted_on date,
    counted int not null default 0
) with (fillfactor = 70);
create index device_party on device (party_id, registered_at);
create index device_owned on device (owned_id) where owned_id is not null;
create index device_gateway on device (gateway_id) where gateway_id is not null;

-- What devices measured, as they said it; kept for days. Of two values of one moment the larger stands, so that the
-- order in which they came in makes no difference.
-- No foreign key: every row would be checked against its device, which the writer has locked already.
create table reading (
    machine_id uuid not null,
    meter text not null,
    at timestamptz not null,
    -- The device's own count of its messages, where it has one: tells apart what was measured at one moment.
    sequence bigint not null default 0,
    value double precision not null,
    primary key (machine_id, meter, at, sequence)
);
create index reading_at on reading using brin (at) with (pages_per_range = 32, autosummarize = on);

-- Where each meter stands: the latest reading by the device's time.
create table device_meter (
    machine_id uuid not null references device (machine_id),
    meter text not null,
    -- Null of one that was only asked for more.
    at timestamptz,
    sequence bigint,
    value double precision,
    -- It jumped farther than it can, and no later reading has agreed yet.
    suspicious boolean not null default false,
    -- The device (or a person at it) asked for more; that holds until it was filled.
    asked_at timestamptz,
    filled_at timestamptz,
    -- The earliest reading that is in no sum of an hour yet.
    unsummed_from timestamptz,
    primary key (machine_id, meter)
) with (fillfactor = 70);
create index device_meter_unsummed on device_meter (unsummed_from) where unsummed_from is not null;

-- What was used in an hour (of UTC): made anew from the readings whenever one of that hour comes late.
create table meter_hour (
    machine_id uuid not null references device (machine_id),
    meter text not null,
    hour timestamptz not null,
    readings int not null,
    least double precision not null,
    most double precision not null,
    last double precision not null,
    -- Of which `before_used` since `before_at`, the last reading of an earlier hour, up to the first one of this.
    used double precision not null,
    filled double precision not null,
    first_at timestamptz not null,
    before_at timestamptz,
    before_used double precision not null,
    primary key (machine_id, meter, hour)
);
create index meter_hour_hour on meter_hour using brin (hour) with (autosummarize = on);

-- The same by the day of the device's own zone, for years.
create table meter_day (
    machine_id uuid not null references device (machine_id),
    meter text not null,
    day date not null,
    used double precision not null,
    filled double precision not null,
    least double precision,
    most double precision,
    last double precision,
    primary key (machine_id, meter, day)
);

-- What devices complain of. It is raised while the latest report of it says so.
create table device_error (
    machine_id uuid not null references device (machine_id),
    code text not null,
    raised_at timestamptz,
    -- The latest reports of either kind, by the device's time.
    last_raised_at timestamptz,
    last_cleared_at timestamptz,
    primary key (machine_id, code)
);
create index device_error_raised on device_error (machine_id)
    where last_raised_at is not null and (last_cleared_at is null or last_cleared_at < last_raised_at);

-- How many readings were not taken, by the reason.
create table device_aside (
    machine_id uuid not null references device (machine_id),
    reason text not null,
    readings bigint not null,
    last_at timestamptz not null,
    primary key (machine_id, reason)
);

-- Messages without a time of their own: a repetition of one is known by its id, for a day.
create table device_message (
    machine_id uuid not null references device (machine_id),
    message_id text not null,
    received_at timestamptz not null,
    primary key (machine_id, message_id)
);
create index device_message_received on device_message (received_at);
