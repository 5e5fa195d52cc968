"""How an order may be paid: a versioned document, and what of it a sale is offered."""

from typing import Literal

import msgspec

from kupec.billing.bank_account import check_iban
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.mapping import Mapping
from kupec.kit.versions import Kind

MethodKind = Literal["card", "transfer", "cod", "account"]


class PaymentOption(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay that a sale is offered. `fee` in minor units with VAT."""

    code: str
    kind: MethodKind
    name: str
    fee: int = 0
    round_to: int = 1
    """The smallest coin of a total paid in cash, in minor units."""
    due_days: int = 0


class PaymentMethod(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One way to pay. Amounts by currency, in minor units with VAT; an empty list or None is no condition."""

    code: str
    kind: MethodKind
    names: dict[str, str]
    """By language."""
    countries: list[str] = []
    """Where the goods go to, ISO 3166 alpha-2."""
    currencies: list[str] = []
    fee: dict[str, int] = {}
    max_total: dict[str, int] = {}
    shipping_methods: list[str] | None = None
    round_to: dict[str, int] = {}
    due_days: int = 0
    """By when a transfer is to come; an account has terms of its own."""
    cancel_days: int | None = None
    """So many days overdue, an unpaid transfer's order is cancelled by itself; None leaves it to a person."""
    active: bool = True


class BankAccount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where customers send money to."""

    iban: str
    holder: str
    bic: str = ""
    number: str = ""
    """As people of the country write it ("2000145399/0800")."""


class PaymentMethods(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The document: all ways to pay in the order in which they are shown, and our bank account of each currency."""

    methods: list[PaymentMethod]
    accounts: dict[str, BankAccount] = {}
    statement_formats: dict[str, Mapping] = {}
    """How the CSV files of other banks are read, as in docs/import.md; fields as in docs/payments.md."""

    def method(self, code: str | None) -> PaymentMethod | None:
        return next((method for method in self.methods if method.code == code), None)


CARD = PaymentMethod(code="card", kind="card", names={"cs": "Platební karta", "pl": "Karta płatnicza", "en": "Card"})


def check_methods(document: PaymentMethods) -> None:
    """Raises InvalidValue naming the path of what is wrong."""
    codes: set[str] = set()
    for index, method in enumerate(document.methods):
        path = f"methods[{index}]"
        if not method.code.strip() or method.code in codes:
            raise InvalidValue(field=f"{path}.code", expected=_("a code that no other way to pay has"))
        codes.add(method.code)
        if not any(name.strip() for name in method.names.values()):
            raise InvalidValue(field=f"{path}.names", expected=_("a name in at least one language"))
        _check_amounts(path, method)
        if method.kind == "transfer" and method.active and not document.accounts:
            raise InvalidValue(field="accounts", expected=_("a bank account for transfers to go to"))
    for currency, account in document.accounts.items():
        check_iban(account.iban, field=f"accounts.{currency}.iban")
        if not account.holder.strip():
            raise InvalidValue(field=f"accounts.{currency}.holder", expected=_("whose account it is"))


def _check_amounts(path: str, method: PaymentMethod) -> None:
    for name, amounts, least in (
        ("fee", method.fee, 0),
        ("max_total", method.max_total, 0),
        ("round_to", method.round_to, 1),
    ):
        for currency, amount in amounts.items():
            if amount < least:
                raise InvalidValue(field=f"{path}.{name}.{currency}", expected=f"at least {least}")
    if not 0 <= method.due_days <= 365:
        raise InvalidValue(field=f"{path}.due_days", expected=_("from 0 to 365 days"))
    if method.cancel_days is not None and not 1 <= method.cancel_days <= 365:
        raise InvalidValue(field=f"{path}.cancel_days", expected=_("from 1 to 365 days"))


PAYMENT: Kind[PaymentMethods] = Kind(
    "payment", PaymentMethods, default=lambda: PaymentMethods(methods=[CARD]), check=check_methods
)


def offered(
    methods: PaymentMethods,
    *,
    country: str | None,
    currency: str,
    total: int,
    shipping_method: str | None,
    account: bool,
    language: str,
) -> list[PaymentOption]:
    """What a sale of `total` minor units may be paid by, in the order of the document. Pure.

    `account` says whether the buyer has a house account in this currency. What is not known yet (None) rules
    nothing out.
    """
    return [
        PaymentOption(
            code=method.code,
            kind=method.kind,
            name=_name(method, language),
            fee=method.fee.get(currency, 0),
            round_to=method.round_to.get(currency, 1),
            due_days=method.due_days,
        )
        for method in methods.methods
        if _suits(method, methods, country, currency, total, shipping_method, account)
    ]


def _suits(
    method: PaymentMethod,
    methods: PaymentMethods,
    country: str | None,
    currency: str,
    total: int,
    shipping_method: str | None,
    account: bool,
) -> bool:
    return (
        method.active
        and (country is None or not method.countries or country in method.countries)
        and (not method.currencies or currency in method.currencies)
        and total <= method.max_total.get(currency, total)
        and (shipping_method is None or method.shipping_methods is None or shipping_method in method.shipping_methods)
        and (account or method.kind != "account")
        and (method.kind != "transfer" or currency in methods.accounts)
    )


def _name(method: PaymentMethod, language: str) -> str:
    return method.names.get(language) or method.names.get("en") or next(iter(method.names.values()), method.code)
