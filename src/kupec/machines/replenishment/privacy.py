"""What this room holds about a customer: what their devices have ordered for them, and what they have beside them."""

from kupec.kit.personal import Held, PrivacyPart

_THEIRS = "machine_id in (select id from machine where party_id = any($1::uuid[]))"

_TABLES = (
    Held(table="replenishment_order", where=_THEIRS),
    Held(table="replenishment_policy", where=_THEIRS),
)

privacy_part = PrivacyPart(name="replenishment", tables=_TABLES)
