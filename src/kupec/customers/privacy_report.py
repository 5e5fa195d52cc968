"""The readable half of an export: a PDF in the customer's language, in words. The JSON beside it has every column."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import typst
from babel.dates import format_date, format_datetime

from kupec.customers.privacy_words import ACTORS, CODED, COUNTED, FIELDS, TITLES, VALUES
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate, translations
from kupec.kit.money import Money, display

TEMPLATE = Path(__file__).parent / "templates" / "privacy.typ"
_MOST = 200
"""Rows of a table; a person reads no more, and the JSON has them all."""
_LONGEST = 600
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")
_DAY = re.compile(r"\d{4}-\d\d-\d\d$")
_MONEY = frozenset({"amount", "total", "balance", "issued", "credit_limit", "used", "subtotal", "tax", "unit_amount"})
_INTRO = _("Everything that {shop} knows about {name}, as of {day}. The file data.json beside it has every detail.")


async def report_pdf(data: Mapping[str, Any]) -> bytes:
    """What `in_words` says, laid out; texts are data for the template, never markup."""
    return await asyncio.to_thread(_lay_out, data)


def in_words(
    told: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]],
    *,
    name: str,
    purposes: Mapping[str, str],
    shop: str,
    language: str,
    now: datetime,
) -> dict[str, Any]:
    """What was told, as people read it; `purposes` are the names of consents by their codes."""
    day = format_datetime(now, "long", locale=language)
    tables = {table: rows for tables in told.values() for table, rows in tables.items() if rows}
    words = _Words(purposes=purposes, language=language)
    return {
        "language": language,
        "title": translate(language, _("What we know about you")),
        "footer": shop,
        "intro": [translate(language, _INTRO).format(shop=shop, name=name, day=day)],
        "sections": [_section(table, tables[table], words) for table in TITLES if table in tables],
    }


def _lay_out(data: Mapping[str, Any]) -> bytes:
    made: bytes = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": msgspec.json.encode(data).decode()},
    )
    return made


class _Words(msgspec.Struct, frozen=True, kw_only=True):
    """What codes are called for the reader."""

    purposes: Mapping[str, str]
    language: str

    def of(self, name: str, code: str) -> str:
        if name == "purpose":
            return self.purposes.get(code, code)
        if name in ("actor", "author") and (word := ACTORS.get(code.partition(":")[0])):
            return translate(self.language, word)
        return translate(self.language, VALUES[code]) if name in CODED and code in VALUES else code


def _section(table: str, rows: Sequence[Mapping[str, Any]], words: _Words) -> dict[str, Any]:
    shown = [] if table in COUNTED else [pairs for row in rows[-_MOST:] if (pairs := _pairs(row, words))]
    left = len(rows) - len(rows[-_MOST:])
    ngettext = translations(words.language).ngettext
    more = ngettext("and %(num)d more", "and %(num)d more", left) % {"num": left} if left else ""
    if not shown:
        more = ngettext("%(num)d record, in the file data.json", "%(num)d records, in the file data.json", len(rows))
        more %= {"num": len(rows)}
    return {"title": translate(words.language, TITLES[table]), "rows": shown, "more": more}


def _pairs(row: Mapping[str, Any], words: _Words) -> list[tuple[str, str]]:
    """Names and values of what says something to people."""
    return [
        (translate(words.language, FIELDS[name]), text)
        for name, value in row.items()
        if name in FIELDS and (text := _said(name, value, row, words))
    ]


def _said(name: str, value: Any, row: Mapping[str, Any], words: _Words) -> str:
    language = words.language
    if value is None or value == "" or value == [] or value == {}:
        return ""
    if name in _MONEY and isinstance(value, int) and isinstance(row.get("currency"), str):
        return display(Money(value, row["currency"]), language)
    if isinstance(value, bool):
        return translate(language, _("yes")) if value else translate(language, _("no"))
    if isinstance(value, str) and _MOMENT.match(value):
        return format_datetime(datetime.fromisoformat(value), "medium", locale=language)
    if isinstance(value, str) and _DAY.match(value):
        return format_date(date.fromisoformat(value), "medium", locale=language)
    if isinstance(value, Mapping):
        return ", ".join(str(one) for one in value.values() if one not in ("", None, [], {}))[:_LONGEST]
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)[:_LONGEST]
    return words.of(name, str(value))[:_LONGEST]
