"""Who sells: what stands on every invoice, and how its numbers are made. A versioned document of kind "seller"."""

import re

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.versions import Kind

_SERIES = re.compile(r"[A-Z0-9/-]*(\{year\})?[A-Z0-9/-]*")


class Seller(msgspec.Struct, frozen=True, kw_only=True):
    """The seller as printed. `invoice_series` and `credit_note_series` begin each number; {year} in them is the year
    of issue, and each year counts from one.
    """

    name: str = ""
    """Empty: the shop's name."""
    street: str = ""
    city: str = ""
    postcode: str = ""
    country: str = ""
    """ISO 3166; empty: the country the goods leave from."""
    company_id: str = ""
    vat_id: str = ""
    register: str = ""
    """Where the company is registered, as the law wants it said."""
    email: str = ""
    phone: str = ""
    website: str = ""
    invoice_series: str = "{year}-"
    credit_note_series: str = "D{year}-"
    digits: int = 6


def _check(seller: Seller) -> None:
    for field in ("invoice_series", "credit_note_series"):
        text = getattr(seller, field)
        if not _SERIES.fullmatch(text) or len(text) > 20:
            raise InvalidValue(field=field, expected="capitals, digits, hyphens, slashes and at most one {year}")
    if seller.invoice_series == seller.credit_note_series:
        raise InvalidValue(field="credit_note_series", expected="another series than that of invoices")
    if not 1 <= seller.digits <= 9:
        raise InvalidValue(field="digits", expected="1 to 9")
    if seller.country and not re.fullmatch("[A-Z]{2}", seller.country):
        raise InvalidValue(field="country", expected="two capital letters")


SELLER: Kind[Seller] = Kind("seller", Seller, default=Seller, check=_check)
