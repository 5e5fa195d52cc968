"""What this room holds about a customer: their devices, and from these how they live. It goes when they go."""

from typing import Final

from kupec.kit.personal import Held, PrivacyPart

_THEIRS: Final = "machine_id in (select machine_id from device where party_id = any($1::uuid[]))"

privacy_part = PrivacyPart(
    name="devices",
    tables=(
        Held(table="device_message", where=_THEIRS, told=False),
        Held(table="reading", where=_THEIRS),
        Held(table="meter_hour", where=_THEIRS, told=False),
        Held(table="meter_day", where=_THEIRS),
        Held(table="device_meter", where=_THEIRS),
        Held(table="device_error", where=_THEIRS),
        Held(table="device_aside", where=_THEIRS),
        Held(
            table="device",
            where="party_id = any($1::uuid[])",
            erase="blank",
            blank={
                "serial": "''",
                "place": "''",
                "zone": "'UTC'",
                "owned_id": "null",
                "last_seen_at": "null",
                "silent_since": "null",
            },
        ),
    ),
)
