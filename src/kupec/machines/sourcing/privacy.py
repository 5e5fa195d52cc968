"""What this room holds about a customer: of whom they buy, what they weigh, and what was ordered there."""

from kupec.kit.personal import Held, PrivacyPart

_THEIRS = "party_id = any($1::uuid[])"

_TABLES = (
    Held(
        table="supplier_item",
        where="supplier_id in (select id from supplier where party_id = any($1::uuid[]))",
    ),
    Held(
        table="foreign_order",
        where=_THEIRS,
        erase="blank",
        blank={"session_id": "''", "order_id": "null", "permalink": "null", "next_look_at": "null"},
        why="what was ordered elsewhere, as figures",
    ),
    Held(
        table="supplier",
        where=_THEIRS,
        erase="blank",
        blank={
            "name": "'-'",
            "url": "''",
            "host": "''",
            "handler": "''",
            "credential_type": "''",
            "sealed": "null",
            "paused_for": "null",
            "state": "'removed'",
        },
        secret=["sealed"],
        why="that there was one, which orders point to",
    ),
    Held(table="supplier_weights", where=_THEIRS),
)

privacy_part = PrivacyPart(name="sourcing", tables=_TABLES)
