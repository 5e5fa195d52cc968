"""How suppliers are compared, and how long another seller is waited for: a versioned document."""

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind
from kupec.machines.sourcing.models import PARTS, Weights

_MOST = 100


class SourcingRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The document."""

    weights: Weights = Weights()
    """For owners who have not said what they weigh."""
    most_asked: int = 10
    """So many suppliers are asked for one wish."""
    give_up_minutes: int = 360
    """A seller that does not say whether it has taken an order is waited for so long."""
    look_hours: list[int] = msgspec.field(default_factory=lambda: [1, 3, 6, 12])
    """Hours between looks at an order; the last of them again and again."""
    follow_days: int = 60
    """An order is looked at for so many days."""


def check_weights(weights: Weights, *, field: str = "weights") -> None:
    """Raises InvalidValue naming the weight."""
    for name in PARTS:
        if not 0 <= getattr(weights, name) <= _MOST:
            raise InvalidValue(field=f"{field}.{name}", expected=_("from 0 to 100"))
    if not any(getattr(weights, name) for name in PARTS):
        raise InvalidValue(field=field, expected=_("at least one weight above 0"))


def _check(document: SourcingRules) -> None:
    check_weights(document.weights)
    bounds = {"most_asked": 50, "give_up_minutes": 10_080, "follow_days": 365}
    for field, most in bounds.items():
        if not 1 <= getattr(document, field) <= most:
            raise InvalidValue(field=field, expected=_("a number within the documented bounds"))
    if not document.look_hours or not all(1 <= hours <= 168 for hours in document.look_hours):
        raise InvalidValue(field="look_hours", expected=_("from 1 to 168 hours"))


SOURCING: Kind[SourcingRules] = Kind("sourcing", SourcingRules, default=SourcingRules, check=_check)
