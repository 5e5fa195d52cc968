"""A customer's tab with who they are and how they are reached, and what they were put together from."""

from datetime import date
from typing import Any

import msgspec

from kupec.customers import (
    CUSTOM_FIELDS,
    CustomField,
    CustomFields,
    Party,
    fields_for,
    merges_of,
    party_page,
)
from kupec.kit.db import Connection
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.personalization import list_segments
from kupec.web.desk.customer_view import CustomerView
from kupec.web.desk.page import reader_of
from kupec.web.desk.party_words import PROOFS, field_name
from kupec.web.desk.reader import Reader
from kupec.web.desk.settings_pages import place_of
from kupec.web.desk.timeline import authors
from kupec.web.rendering import AnyRequest


class OwnField(msgspec.Struct, frozen=True, kw_only=True):
    """One of the merchant's own fields: as it is typed, and as it is read."""

    field: CustomField
    label: str
    value: str
    said: str
    choices: list[tuple[str, str]]


async def details(request: AnyRequest, db: Connection, page: CustomerView) -> dict[str, Any]:
    reader = reader_of(request)
    merges = await merges_of(db, page.members)
    document = (await published(db, CUSTOM_FIELDS))[CUSTOM_FIELDS]
    return {
        "known": await party_page(db, page.party.id),
        "country": reader.country,
        "countries": (await place_of(db)).countries,
        "speaks": LANGUAGES,
        "own_fields": own_fields(fields_for(document, page.party.kind), page.party, reader),
        "merges": merges,
        "merged_by": await authors(db, [merge.merged_by for merge in merges], reader),
        "proofs": PROOFS,
        "segment_names": {one.code: one.name for one in await list_segments(db)} if page.party.segments else {},
        "filled_names": lambda fields: ", ".join(_names(fields, document, reader)),
    }


def _names(fields: list[str], document: CustomFields, reader: Reader) -> list[str]:
    own = {f"custom.{field.code}": field.name(reader.language) for field in document.fields}
    return [own.get(field) or field_name(field, reader) for field in fields]


def own_fields(fields: list[CustomField], party: Party | None, reader: Reader) -> list[OwnField]:
    """The merchant's own fields with what they hold; of nobody yet when there is no party."""
    return [_own(field, party.custom.get(field.code) if party else None, reader) for field in fields]


def _own(field: CustomField, value: Any, reader: Reader) -> OwnField:
    choices = [(one.code, one.names.get(reader.language) or one.names.get("en") or one.code) for one in field.choices]
    if field.type == "bool":
        choices = [("true", reader.text(_("yes"))), ("false", reader.text(_("no")))]
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    said = reader.day(date.fromisoformat(text)) if field.type == "date" and text else dict(choices).get(text, text)
    return OwnField(field=field, label=field.name(reader.language), value=text, said=said, choices=choices)
