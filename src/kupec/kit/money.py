"""Money: an integer in the currency's minor unit plus its ISO 4217 code."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

import msgspec
from babel.numbers import format_currency, get_currency_precision, get_currency_symbol

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark


class Money(msgspec.Struct, frozen=True, order=True):
    """An amount in minor units (haléř, grosz, cent). Adding two currencies is an error."""

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(self.amount * quantity, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")

    @property
    def decimal(self) -> Decimal:
        """The amount in major units: 12900 CZK minor is Decimal('129.00')."""
        return Decimal(self.amount).scaleb(-get_currency_precision(self.currency))


def parse_amount(text: str, currency: str, *, field: str) -> int:
    """Minor units of a decimal written with a point or a comma ("129,90").

    Raises InvalidValue naming `field` when it is no number or has more places than the currency.
    """
    cleaned = text.replace("\u00a0", "").replace("\u202f", "").replace(" ", "").replace(",", ".")
    precision = get_currency_precision(currency)
    try:
        value = Decimal(cleaned).scaleb(precision)
        whole = int(value.to_integral_value())
    except (ArithmeticError, ValueError):
        raise InvalidValue(field=field, expected=mark("an amount such as 129.90")) from None
    if value != whole or abs(whole) > 10**15:
        raise InvalidValue(field=field, expected=mark("an amount without a smaller part than its currency has"))
    return whole


def whole_units(amount: int, currency: str, *, up: bool) -> int:
    """An amount in whole major units, as one would type it as the end of a range; rounded so that nothing falls out."""
    value = Money(amount, currency).decimal
    whole = int(value)
    return whole + 1 if up and whole < value else whole


@lru_cache(maxsize=20_000)
def display(money: Money, locale: str) -> str:
    """Money as people of `locale` write it; whole crowns drop their zeros ("1 290 Kč", "49,90 zł", "€7.90")."""
    whole = money.currency == "CZK" and money.amount % 100 == 0
    # Where a currency has no sign, its code would be glued to the figure: "PLN49.90".
    unsigned = get_currency_symbol(money.currency, locale) == money.currency
    return format_currency(
        money.decimal,
        money.currency,
        locale=locale,
        currency_digits=not whole,
        format="#,##0\u00a0¤" if whole else "#,##0.00\u00a0¤" if unsigned else None,
    )


def included_tax(gross: int, rate_bp: int) -> int:
    """The tax inside a gross amount at a rate in basis points (2100 = 21 %), rounded half up."""
    tax = Decimal(gross) * rate_bp / (10_000 + rate_bp)
    return int(tax.to_integral_value(rounding=ROUND_HALF_UP))


def distribute(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` in proportion to `weights`, exactly.

    Each share is rounded down; the remaining units go one by one to the largest fractions, the
    earliest first among equals (largest remainder, Hare quota).
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    by_fraction = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for index in by_fraction[: total - sum(shares)]:
        shares[index] += 1
    return shares
