"""What this room holds about a customer: which versions they met, and what came of it."""

from typing import Final

from kupec.kit.personal import Held, PrivacyPart

_THEIRS: Final = "unit in (select id::text from unnest($1::uuid[]) as one (id))"

privacy_part = PrivacyPart(
    name="experiments",
    tables=(
        Held(table="observation", where=_THEIRS),
        Held(table="exposure", where=_THEIRS),
    ),
)
