"""What a customer has, and the rules of its service: a document."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import available_timezones

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind

EXPECTED = (
    _("days from 1 to 7300"),
    _("months from 0 to 240"),
    _("services from 1 to 1000 a day"),
    _("days from 0 to 365"),
    _("days from 1 to 365"),
    _("categories or articles"),
    _("a short text in a language of the shop"),
)


class Owned(msgspec.Struct, frozen=True, kw_only=True):
    """One piece that a customer has. `source`: "order" when it was bought here, "told" when somebody said so.

    `booked_on` is the day of its service that is agreed and not done yet.
    """

    id: UUID
    party_id: UUID
    variant_id: UUID | None
    name: str
    serial_number: str | None
    bought_on: date | None
    warranty_until: date | None
    service_interval_days: int | None
    last_service_on: date | None
    next_service_on: date | None
    source: Literal["order", "told"]
    source_ref: str | None
    created_at: datetime
    removed_at: datetime | None
    booked_on: date | None = None


class NewOwned(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says they have."""

    name: str
    serial_number: str | None = None
    bought_on: date | None = None
    warranty_until: date | None = None
    service_interval_days: int | None = None
    last_service_on: date | None = None
    variant_id: UUID | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods that stay with the customer: of these categories (by code) or these articles.

    Without `service_every_days` the product's own interval counts, if it has one.
    """

    categories: list[str] = []
    skus: list[str] = []
    service_every_days: int | None = None
    warranty_months: int = 24


class Servicing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document. Products with an interval of service are kept in any case; of `kept` the first that fits counts."""

    kept: list[Kept] = []
    warranty_months: int = 24
    """Of what is kept for its service alone."""
    services_per_day: int = 3
    """Services that can be done on one day."""
    notice_days: int = 14
    """So many days before a service is due its owner is written."""
    earliest_days: int = 2
    """The first day that can be booked, from today."""
    days_ahead: int = 60
    """The last one."""
    hours: dict[str, str] = {}
    """When we come, in words, by language."""
    country: str = "CZ"
    """Whose weekends and holidays are free."""
    timezone: str = "Europe/Prague"


def check_servicing(document: Servicing) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them, by path."""
    found = dict(_faults(document))
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


def _faults(document: Servicing) -> Iterator[tuple[str, str]]:
    for index, kept in enumerate(document.kept):
        if not (kept.categories or kept.skus):
            yield f"kept[{index}].categories", "categories or articles"
        if kept.service_every_days is not None and not 1 <= kept.service_every_days <= 7300:
            yield f"kept[{index}].service_every_days", "days from 1 to 7300"
        if not 0 <= kept.warranty_months <= 240:
            yield f"kept[{index}].warranty_months", "months from 0 to 240"
    if not 0 <= document.warranty_months <= 240:
        yield "warranty_months", "months from 0 to 240"
    if not 1 <= document.services_per_day <= 1000:
        yield "services_per_day", "services from 1 to 1000 a day"
    for path, days in (("notice_days", document.notice_days), ("earliest_days", document.earliest_days)):
        if not 0 <= days <= 365:
            yield path, "days from 0 to 365"
    if not max(1, document.earliest_days) <= document.days_ahead <= 365:
        yield "days_ahead", "days from 1 to 365"
    for language, text in document.hours.items():
        if language not in LANGUAGES or len(text) > 100 or not text.isprintable():
            yield f"hours.{language}", "a short text in a language of the shop"
    if not (len(document.country) == 2 and document.country.isascii() and document.country.isupper()):
        yield "country", "a two-letter country code, such as CZ"
    if document.timezone not in available_timezones():
        yield "timezone", "a time zone, such as Europe/Prague"


SERVICING = Kind("servicing", Servicing, default=Servicing, check=check_servicing)
