"""How long keys sign, signatures hold and webhooks are tried: a versioned document."""

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind


class TrustRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The document."""

    rotate_days: int = 90
    """A signing key is followed by another after so many days."""
    announce_hours: int = 24
    """A new key is published so long before it signs: others keep our profile for a while."""
    overlap_days: int = 7
    """A key that signs no more stays published for so many days."""
    signature_seconds: int = 300
    """A signature that says when it was made holds for so long."""
    skew_seconds: int = 60
    """So far may another's clock be from ours."""
    profile_minutes: int = 60
    """Another's profile is asked for again after at most so long."""
    webhook_pauses: list[int] = msgspec.field(
        default_factory=lambda: [5, 60, 300, 1800, 7200, 18_000, 36_000, 72_000, 86_400]
    )
    """Seconds after each failed attempt; then the webhook is given up."""


_BOUNDS = {
    "rotate_days": (1, 3650),
    "announce_hours": (1, 720),
    "overlap_days": (1, 365),
    "signature_seconds": (10, 86_400),
    "skew_seconds": (0, 3600),
    "profile_minutes": (1, 1440),
}
_LONGEST_PAUSE = 7 * 86_400
_MOST_PAUSES = 30


def _check(document: TrustRules) -> None:
    for field, (least, most) in _BOUNDS.items():
        if not least <= getattr(document, field) <= most:
            raise InvalidValue(field=field, expected=_("a number within the documented bounds"))
    if not 1 <= len(document.webhook_pauses) <= _MOST_PAUSES:
        raise InvalidValue(field="webhook_pauses", expected=_("from 1 to 30 pauses"))
    for index, seconds in enumerate(document.webhook_pauses):
        if not 1 <= seconds <= _LONGEST_PAUSE:
            raise InvalidValue(field=f"webhook_pauses[{index}]", expected=_("from a second to a week"))


TRUST: Kind[TrustRules] = Kind("machine_trust", TrustRules, default=TrustRules, check=_check)
