"""VAT: which country's rates hold for a sale, and what they are. Versions of a document, see kit/versions.py."""

import re
from datetime import datetime
from typing import Final

import msgspec

from kupec.kit import versions
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.versions import Kind

_COUNTRY: Final = re.compile("[A-Z]{2}")
_VAT_CLASS: Final = re.compile("[a-z][a-z0-9_-]{0,39}")
_MOST: Final = 5000


class TaxRules(msgspec.Struct, frozen=True, kw_only=True):
    """Rates in basis points (2100 = 21 %) by country and VAT class.

    For buyers in the countries of `destination` VAT is declared where they are (the EU's one-stop shop), for all others
    in the market's home country.
    """

    rates: dict[str, dict[str, int]] = {}
    destination: list[str] = []

    def country(self, *, home: str, destination: str | None) -> str:
        """Where VAT is declared for goods that go to `destination` (None: not known yet)."""
        return destination if destination is not None and destination in self.destination else home

    def rate(self, vat_class: str, *, home: str, destination: str | None) -> int | None:
        """The rate in basis points, or None where the class has none: there it is not sold."""
        return self.rates.get(self.country(home=home, destination=destination), {}).get(vat_class)

    @property
    def classes(self) -> frozenset[str]:
        """All classes that have a rate anywhere."""
        return frozenset(vat_class for rates in self.rates.values() for vat_class in rates)


def _check(rules: TaxRules) -> None:
    for country, rates in rules.rates.items():
        if not _COUNTRY.fullmatch(country):
            raise InvalidValue(field="rates", expected="countries by two capital letters, such as CZ")
        for vat_class, rate in rates.items():
            if not _VAT_CLASS.fullmatch(vat_class):
                raise InvalidValue(field=f"rates.{country}", expected="classes in small letters, such as standard")
            if not 0 <= rate <= _MOST:
                raise InvalidValue(field=f"rates.{country}.{vat_class}", expected="a rate from 0 to 5000 (50 %)")
    for index, country in enumerate(rules.destination):
        if country not in rules.rates:
            raise InvalidValue(field=f"destination[{index}]", expected="a country that has rates")


TAX: Final = Kind("tax", TaxRules, default=TaxRules, check=_check)


async def set_vat_rate(
    db: Connection, country: str, vat_class: str, rate_bp: int, *, actor: Actor, now: datetime
) -> None:
    """Publish the tax rules with one rate changed, in basis points (2100 = 21 %).

    Raises InvalidValue, Forbidden. Events document.drafted and document.published, if it differs.
    """
    actor.require(TAX.permission)
    await versions.one_at_a_time(db, TAX)
    rules = (await versions.published(db, TAX))[TAX]
    rates = rules.rates.get(country, {})
    if rates.get(vat_class) != rate_bp:
        changed = {**rules.rates, country: {**rates, vat_class: rate_bp}}
        await versions.publish_new(
            db, TAX, msgspec.structs.replace(rules, rates=changed), note=f"{country} {vat_class}", actor=actor, now=now
        )
