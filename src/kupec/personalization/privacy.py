"""What this room has worked out about a customer: all of it goes."""

from kupec.kit.personal import Held, PrivacyPart

_THEIRS = "party_id = any($1::uuid[])"

privacy_part = PrivacyPart(
    name="personalization",
    tables=(Held(table="customer_stats", where=_THEIRS), Held(table="customer_bought", where=_THEIRS)),
)
