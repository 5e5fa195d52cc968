"""Points: what was promised in return, and the document that says what they are good for."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.events import Payload
from kupec.kit.versions import Kind

PointsKind = Literal["consent", "referral", "desk", "spent", "taken_back", "expired"]


class Points(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document. Days are counted from the grant; 0 means that points do not expire.

    `referral` is granted to whoever recommended a friend. `per_unit` says, by currency, how many points are one unit
    of money (one crown, one złoty) when they are exchanged; at least `least` at a time. A currency that is not in it
    has no exchange. `promotion` is the one whose coupon may be had for `coupon_points` instead.
    """

    expire_days: int = 0
    taken_back: bool = False
    referral: int = 0
    per_unit: dict[str, int] = {}
    least: int = 100
    promotion: str = ""
    coupon_points: int = 0
    coupon_days: int = 90


class PointsEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One movement. `source` is what it was written for, once for ever."""

    id: UUID
    party_id: UUID
    amount: int
    kind: PointsKind
    reason: str
    source: str
    purpose: str | None
    revision: int | None
    at: datetime
    expires_at: datetime | None
    actor: str


class PointsGranted(Payload, frozen=True, kw_only=True):
    """Points were added. Subject "customer:<id>"."""

    name: ClassVar[str] = "points.granted"

    entry_id: UUID
    amount: int
    kind: str


class PointsSpent(Payload, frozen=True, kw_only=True):
    """Points went: spent, taken back with a consent, or expired. `amount` is how many. Subject "customer:<id>"."""

    name: ClassVar[str] = "points.spent"

    entry_id: UUID
    amount: int
    kind: str


class NotEnoughPoints(KupecError):
    """There are {balance} points, and {wanted} are needed. Nothing was exchanged."""

    status = 409
    code = "not_enough_points"


def check_points(document: Points) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them, by path."""
    found = dict(_faults(document))
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


def _faults(document: Points) -> Iterator[tuple[str, str]]:
    if not 0 <= document.expire_days <= 3650:
        yield "expire_days", "from 0 to 3650 days"
    if not 1 <= document.coupon_days <= 3650:
        yield "coupon_days", "from 1 to 3650 days"
    for field in ("referral", "coupon_points"):
        if not 0 <= getattr(document, field) <= 1_000_000:
            yield field, "a whole number from 0 to 1000000"
    if not 1 <= document.least <= 1_000_000:
        yield "least", "a whole number from 1 to 1000000"
    if document.coupon_points and not document.promotion.strip():
        yield "promotion", "the code of a promotion"
    for currency, points in document.per_unit.items():
        if len(currency) != 3 or not currency.isascii() or not currency.isupper():
            yield f"per_unit.{currency}", "a three-letter currency code, such as CZK"
        elif not 1 <= points <= 1_000_000:
            yield f"per_unit.{currency}", "a whole number from 1 to 1000000"


POINTS = Kind("points", Points, default=Points, check=check_points)
