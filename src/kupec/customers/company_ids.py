"""The numbers a business is known by: its registration and its VAT id."""

import re

from stdnum.eu import vat

from kupec.kit.errors import InvalidValue

_COMPANY_ID = re.compile(r"[0-9A-Z][0-9A-Z /.-]{3,19}")


def normalise_company_id(text: str, *, field: str = "company_id") -> str:
    """A registration number as it is written in its register ("26168685"); empty stays empty.

    Raises InvalidValue naming `field`.
    """
    cleaned = " ".join(text.split()).upper()
    if cleaned and not _COMPANY_ID.fullmatch(cleaned):
        raise InvalidValue(field=field, expected="a registration number, such as 26168685")
    return cleaned


def normalise_vat_id(text: str, *, field: str = "vat_id") -> str:
    """A VAT id of the EU, its check digits right ("CZ26168685"); empty stays empty. Raises InvalidValue."""
    cleaned = re.sub(r"[\s./-]", "", text).upper()
    if cleaned and not vat.is_valid(cleaned):
        raise InvalidValue(field=field, expected="a VAT id with its country, such as CZ26168685")
    return str(vat.compact(cleaned)) if cleaned else ""
