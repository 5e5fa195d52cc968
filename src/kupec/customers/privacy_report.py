"""The readable half of an export: a PDF in the customer's language. The JSON beside it has every column."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import typst
from babel.dates import format_datetime

from kupec.customers.models import Party
from kupec.customers.privacy_words import FIELDS, TITLES
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate, translations
from kupec.kit.money import Money, display

TEMPLATE = Path(__file__).parent / "templates" / "privacy.typ"
_MOST = 200
"""Rows of a table; a person reads no more, and the JSON has them all."""
_LONGEST = 600
_MONEY = frozenset({"amount", "total", "balance", "issued", "credit_limit", "used", "subtotal", "tax", "unit_amount"})
_INTRO = _("Everything that {shop} knows about {name}, as of {day}. The file data.json beside it has every detail.")


async def report_pdf(
    told: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]],
    party: Party,
    *,
    shop: str,
    language: str,
    now: datetime,
) -> bytes:
    """What was told, laid out; texts are data for the template, never markup."""
    day = format_datetime(now, "long", locale=language)
    intro = translate(language, _INTRO).format(shop=shop, name=party.name, day=day)
    data = {
        "language": language,
        "title": translate(language, _("What we know about you")),
        "footer": shop,
        "intro": [intro],
        "sections": [
            _section(table, rows, language) for tables in told.values() for table, rows in tables.items() if rows
        ],
    }
    return await asyncio.to_thread(_lay_out, data)


def _lay_out(data: Mapping[str, Any]) -> bytes:
    made: bytes = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": msgspec.json.encode(data).decode()},
    )
    return made


def _section(table: str, rows: Sequence[Mapping[str, Any]], language: str) -> dict[str, Any]:
    left = len(rows) - _MOST
    template = translations(language).ngettext("and %(num)d more", "and %(num)d more", max(left, 0))
    return {
        "title": translate(language, TITLES[table]) if table in TITLES else table.replace("_", " ").capitalize(),
        "rows": [_pairs(row, language) for row in rows[-_MOST:]],
        "more": template % {"num": left} if left > 0 else "",
    }


def _pairs(row: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """Names and values; identifiers and empty values are for machines."""
    return [
        (translate(language, FIELDS[name]) if name in FIELDS else name.replace("_", " "), text)
        for name, value in row.items()
        if name != "id" and not name.endswith("_id") and (text := _said(name, value, row, language))
    ]


def _said(name: str, value: Any, row: Mapping[str, Any], language: str) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return ""
    if name in _MONEY and isinstance(value, int) and isinstance(row.get("currency"), str):
        return display(Money(value, row["currency"]), language)
    if isinstance(value, bool):
        return translate(language, _("yes")) if value else translate(language, _("no"))
    if isinstance(value, str) and name.endswith("at") and value[:4].isdigit() and "T" in value:
        return format_datetime(datetime.fromisoformat(value), "medium", locale=language)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {one}" for key, one in value.items() if one not in ("", None, [], {}))[:_LONGEST]
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)[:_LONGEST]
    return str(value)[:_LONGEST]
