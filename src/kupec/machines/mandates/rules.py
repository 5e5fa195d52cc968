"""How long approvals wait, keys overlap and claims are carried on: a versioned document."""

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind


class MandateRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The document."""

    approval_days: int = 7
    """So long a purchase waits for its owner's yes."""
    overlap_minutes: int = 60
    """So long a key goes on to open after it was replaced by another."""
    give_up_minutes: int = 60
    """A purchase that was claimed so long ago and of which nothing was begun is not ordered any more."""
    most_refusals: int = 120
    """In an hour, of one machine; after that it is told to come later, and nothing is written down."""


def _check(document: MandateRules) -> None:
    if not 1 <= document.approval_days <= 90:
        raise InvalidValue(field="approval_days", expected=_("from 1 to 90 days"))
    if not 0 <= document.overlap_minutes <= 7 * 24 * 60:
        raise InvalidValue(field="overlap_minutes", expected=_("from 0 to 10080 minutes"))
    if not 1 <= document.give_up_minutes <= 7 * 24 * 60:
        raise InvalidValue(field="give_up_minutes", expected=_("from 1 to 10080 minutes"))
    if document.most_refusals < 1:
        raise InvalidValue(field="most_refusals", expected=_("a whole number from 1"))


MANDATES: Kind[MandateRules] = Kind("mandates", MandateRules, default=MandateRules, check=_check)
