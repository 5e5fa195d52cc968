"""Payment codes that bank apps read: SPAYD (Czech crowns), EPC069-12 (euro), ZBP (złoty). Pure."""

import io
import unicodedata
from datetime import date

import segno
from babel.numbers import get_currency_precision

from kupec.billing.bank_account import compact
from kupec.billing.methods import BankAccount

_LARGEST_SPAYD = 9_999_999_99
_LARGEST_EPC = 999_999_999_99
_LARGEST_ZBP = 999_999
_LETTERS = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss"})


def payment_qr(
    account: BankAccount,
    *,
    amount: int,
    currency: str,
    variable_symbol: str | None,
    message: str,
    due_on: date | None = None,
) -> str | None:
    """What the code says; `amount` in minor units. None where no bank app would read it."""
    if amount <= 0:
        return None
    if currency == "CZK":
        return _spayd(account, amount, currency, variable_symbol, message, due_on)
    if currency == "EUR":
        return _epc(account, amount, variable_symbol, message)
    if currency == "PLN" and compact(account.iban).startswith("PL"):
        return _zbp(account, amount, variable_symbol, message)
    return None


def qr_svg(text: str, *, title: str) -> str:
    """The code as an SVG element with a quiet zone, black on white also on a dark page."""
    code = segno.make(text, error="m", micro=False)
    return code.svg_inline(
        scale=4, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True, title=title
    )


def qr_png(text: str) -> bytes:
    """The code as a picture, for mails."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="png", scale=6, border=4)
    return picture.getvalue()


def _spayd(
    account: BankAccount, amount: int, currency: str, symbol: str | None, message: str, due_on: date | None
) -> str | None:
    if amount > _LARGEST_SPAYD:
        return None
    bic = f"+{account.bic.strip().upper()}" if account.bic.strip() else ""
    parts = [
        "SPD*1.0",
        f"ACC:{compact(account.iban)}{bic}",
        f"AM:{_decimal(amount, currency)}",
        f"CC:{currency}",
        f"DT:{due_on:%Y%m%d}" if due_on else "",
        f"RN:{_plain(account.holder, 35)}",
        f"MSG:{_plain(message, 60)}" if message.strip() else "",
        f"X-VS:{symbol}" if symbol else "",
    ]
    return "*".join(part for part in parts if part)


def _epc(account: BankAccount, amount: int, symbol: str | None, message: str) -> str | None:
    if amount > _LARGEST_EPC:
        return None
    said = f"/VS/{symbol} {message}" if symbol else message
    lines = [
        *("BCD", "002", "1", "SCT"),
        account.bic.strip().upper(),
        _line(account.holder, 70),
        compact(account.iban),
        f"EUR{_decimal(amount, 'EUR')}",
        *("", ""),
        _line(said, 140),
    ]
    return "\n".join(lines)


def _zbp(account: BankAccount, amount: int, symbol: str | None, message: str) -> str:
    # It has six digits for grosze; a larger amount is left for the payer to type.
    figures = f"{amount:06d}" if amount <= _LARGEST_ZBP else "000000"
    title = f"VS{symbol} {message}" if symbol else message
    holder, said = _line(account.holder.replace("|", " "), 20), _line(title.replace("|", " "), 32)
    return f"|PL|{compact(account.iban)[2:]}|{figures}|{holder}|{said}|||"


def _decimal(amount: int, currency: str) -> str:
    places = get_currency_precision(currency)
    whole, rest = divmod(amount, 10**places)
    return f"{whole}.{rest:0{places}d}" if places else str(whole)


def _plain(text: str, most: int) -> str:
    """Capital letters without accents: what every app reads, in the densest code."""
    bare = unicodedata.normalize("NFKD", text.translate(_LETTERS)).encode("ascii", "ignore").decode().upper()
    return " ".join("".join(sign if sign.isalnum() or sign in " $%+-./:" else " " for sign in bare).split())[:most]


def _line(text: str, most: int) -> str:
    return " ".join(text.split())[:most].strip()
