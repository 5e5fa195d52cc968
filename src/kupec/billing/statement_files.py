"""Bank statements as files: CSV by a mapping, into lines. Nothing is stored here."""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Mapping as Values
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from babel.numbers import UnknownCurrencyError, get_currency_precision

from kupec.kit.errors import InvalidValue
from kupec.kit.mapping import LeftOut, Mapping, Rule, Shape, Unfit
from kupec.kit.tabular import InvalidFile
from kupec.kit.transforms import number

MOST_LINES = 20_000
_FIELDS = ("id", "account", "date", "amount", "currency", "variable_symbol", "payer", "payer_account", "message")
_NEEDED = ("date", "amount")
_DAYS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y")

GENERIC = Mapping(fields={name: Rule(column=name) for name in _FIELDS})
"""Columns are named as the fields are; all but date and amount may be missing."""

FIO = Mapping(
    delimiter=";",
    fields={
        "id": Rule(column="ID pohybu"),
        "date": Rule(column="Datum"),
        "amount": Rule(column="Objem"),
        "currency": Rule(column="Měna"),
        "variable_symbol": Rule(column="VS"),
        "payer": Rule(column="Název protiúčtu"),
        "payer_account": Rule(columns=["Protiúčet", "Kód banky"], join="/"),
        "message": Rule(column="Zpráva pro příjemce"),
    },
)
FORMATS: dict[str, Mapping] = {"generic": GENERIC, "fio": FIO}


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """One movement; `amount` in minor units, below zero when it left the account."""

    account: str
    bank_id: str
    booked_on: date
    amount: int
    currency: str
    variable_symbol: str | None = None
    payer: str = ""
    payer_account: str = ""
    message: str = ""


class WrongLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that cannot be read; `number` counts from 1."""

    number: int
    reason: str


def read_statement(
    content: bytes, mapping: Mapping, *, account: str, currency: str
) -> tuple[list[StatementLine], list[WrongLine]]:
    """The movements in a file, and what in it is none. `account` and `currency` hold where the file is silent. Pure.

    What stands above the table may say them ("iban;CZ…"). A line without an id of the bank's is known by a digest of
    what it says and by which of equal lines it is. Raises InvalidFile, InvalidMapping.
    """
    rows = _rows(content, mapping)
    start, header = _header(rows, mapping)
    told = {row[0].strip(): row[1].strip() for _, row in rows[:start] if len(row) >= 2}
    known = {
        "account": told.get("iban") or told.get("accountId") or account,
        "currency": told.get("currency") or currency,
    }
    shape = Shape(_present(mapping, header), header)
    lines: list[StatementLine] = []
    wrong: list[WrongLine] = []
    equal: Counter[str] = Counter()
    for position, row in rows[start + 1 :]:
        cells = [*row, *[""] * (len(header) - len(row))][: len(header)]
        if not any(cell.strip() for cell in cells):
            continue
        try:
            shape.notice(cells)
            lines.append(_line({**known, **shape.make(cells)}, equal))
        except LeftOut:
            continue
        except (Unfit, InvalidValue) as error:
            reason = error.reason if isinstance(error, Unfit) else error.message
            wrong.append(WrongLine(number=position, reason=reason))
    return lines, wrong


def _rows(content: bytes, mapping: Mapping) -> list[tuple[int, list[str]]]:
    try:
        text = content.decode(mapping.encoding)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mapping.delimiter)
        rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, LookupError, csv.Error) as error:
        raise InvalidFile(reason=str(error)) from None
    if len(rows) > MOST_LINES:
        raise InvalidFile(reason=f"it has more than {MOST_LINES} lines")
    if "\0" in text:
        raise InvalidFile(reason="it contains a zero byte")
    return rows


def _header(rows: Sequence[tuple[int, list[str]]], mapping: Mapping) -> tuple[int, list[str]]:
    needed = {rule.column for name, rule in mapping.fields.items() if name in _NEEDED and rule.column}
    for index, (_, row) in enumerate(rows[:100]):
        header = [cell.strip() for cell in row]
        if needed <= set(header):
            while header and not header[-1]:
                header.pop()
            return index, header
    raise InvalidFile(reason=f"no line of it names the columns {', '.join(sorted(needed))}")


def _present(mapping: Mapping, header: Sequence[str]) -> Mapping:
    """What of a mapping this file can fill: a bank leaves columns out that an account has no use for."""
    fields = {
        name: rule
        for name, rule in mapping.fields.items()
        if name in _NEEDED or all(column in header for column in [*rule.columns, rule.column or header[0]])
    }
    return msgspec.structs.replace(mapping, fields=fields)


def _line(values: Values[str, Any], equal: "Counter[str]") -> StatementLine:
    currency = _text(values, "currency", 3).upper()
    line = StatementLine(
        account=_text(values, "account", 64).replace(" ", ""),
        bank_id="",
        booked_on=_day(values.get("date")),
        amount=_minor(values.get("amount"), currency),
        currency=currency,
        variable_symbol=_symbol(values),
        payer=_text(values, "payer", 200),
        payer_account=_text(values, "payer_account", 64).strip("/"),
        message=_text(values, "message", 500),
    )
    own = _text(values, "id", 100)
    return msgspec.structs.replace(line, bank_id=own or _digest(line, equal))


def _text(values: Values[str, Any], name: str, most: int) -> str:
    return " ".join(str(values.get(name) or "").split())[:most]


def _symbol(values: Values[str, Any]) -> str | None:
    digits = re.sub(r"\D", "", str(values.get("variable_symbol") or "")).lstrip("0")
    if not digits:
        # In a currency without variable symbols the message carries it: "/VS/1001", "VS1001".
        found = re.search(r"\bVS\W{0,2}0*([0-9]{1,10})\b", str(values.get("message") or ""), re.IGNORECASE)
        digits = found.group(1) if found else ""
    return digits if 0 < len(digits) <= 10 else None


def _day(value: Any) -> date:
    text = str(value or "").strip()
    for form in _DAYS:
        try:
            return datetime.strptime(text[:10], form).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise InvalidValue(field="date", expected="a day such as 2026-11-22 or 22.11.2026")


def _minor(value: Any, currency: str) -> int:
    try:
        amount = number(value).scaleb(get_currency_precision(currency))
    except (ValueError, UnknownCurrencyError):
        raise InvalidValue(field="amount", expected="an amount in a currency") from None
    if not re.fullmatch("[A-Z]{3}", currency):
        raise InvalidValue(field="currency", expected="a currency such as CZK")
    if amount != amount.to_integral_value() or abs(amount) > 10**15:
        raise InvalidValue(field="amount", expected=f"an amount in {currency}")
    return int(amount)


def _digest(line: StatementLine, equal: "Counter[str]") -> str:
    said = msgspec.json.encode(line)
    digest = hashlib.sha256(said).hexdigest()[:32]
    equal[digest] += 1
    return f"{digest}-{equal[digest]}"
