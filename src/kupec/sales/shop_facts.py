"""What a shop tells about itself that no other document says: a versioned document of kind "facts"."""

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Empty texts are not said; the seller's phone stands in for an empty one."""

    phone: str = ""
    complaint_days: int = 30
    """Within how many days a complaint is decided."""
    warranty_months: int = 24


def check_facts(facts: Facts) -> None:
    """Raises InvalidValue naming the field."""
    if not 1 <= facts.complaint_days <= 365:
        raise InvalidValue(field="complaint_days", expected="1 to 365")
    if not 0 <= facts.warranty_months <= 240:
        raise InvalidValue(field="warranty_months", expected="0 to 240")
    if len(facts.phone) > 40:
        raise InvalidValue(field="phone", expected=_("at most 40 characters"))


FACTS = Kind("facts", Facts, default=Facts, check=check_facts)
