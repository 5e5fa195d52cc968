"""What this room holds about a customer: what their machines asked for, and how they quote."""

from kupec.kit.personal import Held, PrivacyPart

_TABLES = (
    Held(
        table="rfq",
        where="party_id = any($1::uuid[])",
        erase="blank",
        blank={"key": "id::text"},
        why="what was asked for and awarded, as goods and figures, which sellers' quotes point to",
    ),
    Held(
        table="quoting_policy",
        where="machine_id in (select id from machine where party_id = any($1::uuid[]))",
    ),
)

privacy_part = PrivacyPart(name="market", tables=_TABLES)
