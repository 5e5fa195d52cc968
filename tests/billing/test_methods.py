"""Ways to pay as a document, and the codes bank apps read."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.billing import (
    PAYMENT,
    BankAccount,
    Deferred,
    InvalidSignature,
    Payment,
    PaymentMethod,
    PaymentMethods,
    Transition,
    apply_outcomes,
    apply_transitions,
    capture,
    deferred_round,
    get_payment,
    next_state,
    offered,
    open_payments,
    payment_qr,
    qr_png,
    qr_svg,
    variable_symbol,
    void,
    void_payments,
)
from kupec.billing.bank_account import grouped, valid_iban
from kupec.billing.deferred import promised
from kupec.billing.methods import check_methods
from kupec.billing.models import NewPayment, Outcome
from kupec.billing.states import reopen, settle_owed
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import InvalidValue
from kupec.kit.ids import uuid7
from tests.billing.making import NOW, PATIENCE, a_payment, events_of
from tests.billing.owing import ACCOUNT, METHODS, owed


def codes(methods: PaymentMethods = METHODS, **changes: Any) -> list[str]:
    fields: dict[str, Any] = {
        "country": "CZ",
        "currency": "CZK",
        "total": 100_000,
        "shipping_method": "courier",
        "account": False,
        "language": "cs",
    }
    return [option.code for option in offered(methods, **fields | changes)]


def one(**fields: Any) -> PaymentMethods:
    return PaymentMethods(methods=[PaymentMethod(code="x", kind="cod", names={"en": "X"}, **fields)])


def test_what_is_offered_depends_on_the_sale() -> None:
    assert codes() == ["card", "transfer", "cod"]
    assert codes(account=True) == ["card", "transfer", "cod", "account"]
    assert codes(currency="EUR") == ["card", "cod"], "there is no bank account in euro"
    assert codes(one(countries=["CZ"])) == ["x"]
    assert codes(one(countries=["CZ"]), country="PL") == []
    assert codes(one(countries=["CZ"]), country=None) == ["x"], "not known yet rules nothing out"
    assert codes(one(currencies=["PLN"])) == []
    assert codes(one(max_total={"CZK": 99_999})) == []
    assert codes(one(max_total={"CZK": 100_000, "PLN": 1})) == ["x"]
    assert codes(one(shipping_methods=["courier"])) == ["x"]
    assert codes(one(shipping_methods=["pickup"])) == []
    assert codes(one(active=False)) == []


def test_an_option_carries_its_fee_and_coin_of_the_currency() -> None:
    (option,) = [each for each in offered(METHODS, country="CZ", currency="CZK", total=1, shipping_method=None,
                                          account=False, language="pl") if each.code == "cod"]  # fmt: skip
    assert (option.fee, option.round_to, option.name) == (3900, 100, "Cash")
    (option,) = [each for each in offered(METHODS, country="CZ", currency="PLN", total=1, shipping_method=None,
                                          account=False, language="pl") if each.code == "cod"]  # fmt: skip
    assert (option.fee, option.round_to) == (0, 1)


def test_without_a_document_there_is_the_card() -> None:
    assert codes(PAYMENT.default()) == ["card"]
    check_methods(PAYMENT.default())
    assert msgspec.convert(msgspec.to_builtins(METHODS), PaymentMethods) == METHODS


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (PaymentMethods(methods=[*METHODS.methods, METHODS.methods[0]], accounts=METHODS.accounts), "methods[4].code"),
        (one(due_days=-1), "methods[0].due_days"),
        (one(cancel_days=0), "methods[0].cancel_days"),
        (one(fee={"CZK": -1}), "methods[0].fee.CZK"),
        (one(round_to={"CZK": 0}), "methods[0].round_to.CZK"),
        (PaymentMethods(methods=[PaymentMethod(code="x", kind="card", names={"en": " "})]), "methods[0].names"),
        (PaymentMethods(methods=METHODS.methods), "accounts"),
        (PaymentMethods(methods=[], accounts={"CZK": BankAccount(iban="CZ00", holder="x")}), "accounts.CZK.iban"),
        (
            PaymentMethods(methods=[], accounts={"CZK": BankAccount(iban=ACCOUNT.iban, holder=" ")}),
            "accounts.CZK.holder",
        ),
    ],
)
def test_a_wrong_document_says_where(document: PaymentMethods, field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_methods(document)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("iban", "valid"),
    [
        ("CZ65 0800 0000 1920 0014 5399", True),
        ("cz6508000000192000145399", True),
        ("CZ6608000000192000145399", False),
        ("CZ65080000001920001453", False),
        ("PL61109010140000071219812874", True),
        ("GB29NWBK60161331926819", True),
        ("", False),
    ],
)
def test_ibans(iban: str, valid: bool) -> None:
    assert valid_iban(iban) is valid


def test_symbols_are_digits_a_bank_can_carry() -> None:
    assert variable_symbol("Z1001") == "1001"
    assert variable_symbol("2026-0042") == "20260042"
    assert variable_symbol("Z007") == "7"
    assert variable_symbol("Z") is None
    assert variable_symbol("Z000") is None
    assert variable_symbol("12345678901") is None
    assert grouped("CZ6508000000192000145399") == "CZ65 0800 0000 1920 0014 5399"


def test_czech_code() -> None:
    code = payment_qr(
        BankAccount(iban=ACCOUNT.iban, holder="Zrnko, žluťoučký* s.r.o.", bic="GIBACZPX"),
        amount=129050,
        currency="CZK",
        variable_symbol="1001",
        message="Objednávka Z1001",
        due_on=date(2026, 11, 28),
    )
    assert code == (
        "SPD*1.0*ACC:CZ6508000000192000145399+GIBACZPX*AM:1290.50*CC:CZK*DT:20261128*RN:ZRNKO ZLUTOUCKY S.R.O."
        "*MSG:OBJEDNAVKA Z1001*X-VS:1001"
    )


def test_european_code() -> None:
    account = BankAccount(iban="SK31 1200 0000 1987 4263 7541", holder="Zrnko")
    code = payment_qr(account, amount=790, currency="EUR", variable_symbol="1001", message="Z1001")
    assert code is not None
    assert code.split("\n") == [
        *("BCD", "002", "1", "SCT", "", "Zrnko", "SK3112000000198742637541", "EUR7.90", "", "", "/VS/1001 Z1001")
    ]


def test_polish_code() -> None:
    account = BankAccount(iban="PL61109010140000071219812874", holder="Zrnko | sp. z o.o. w Krakowie")
    code = payment_qr(account, amount=4990, currency="PLN", variable_symbol="1001", message="Z1001")
    assert code == "|PL|61109010140000071219812874|004990|Zrnko sp. z o.o. w K|VS1001 Z1001|||"


@pytest.mark.parametrize(("amount", "currency"), [(0, "CZK"), (10**10, "CZK"), (100, "GBP"), (10**12, "EUR")])
def test_what_no_app_reads_has_no_code(amount: int, currency: str) -> None:
    assert payment_qr(ACCOUNT, amount=amount, currency=currency, variable_symbol=None, message="") is None


def test_codes_as_pictures() -> None:
    drawn = qr_svg("SPD*1.0", title="QR & co")
    assert drawn.startswith("<svg")
    assert "style=" not in drawn
    assert "QR &amp; co" in drawn
    assert qr_png("SPD*1.0").startswith(b"\x89PNG")


async def opened(db: Connection, provider: str, amount: int = 100) -> Any:
    new = NewPayment(id=uuid7(), order_id=uuid7(), provider=provider, amount=amount, currency="CZK")
    return (await open_payments(db, [new], now=NOW, check_at=NOW))[0]


@pytest.mark.parametrize(("provider", "state"), [("transfer", "awaiting"), ("cod", "awaiting"), ("free", "captured")])
async def test_a_promise_makes_the_order_stand(db: Connection, provider: str, state: str) -> None:
    payment = await opened(db, provider, 0 if provider == "free" else 100)
    said = await Deferred(provider).authorise(payment, token="", return_url="")
    held = (await apply_outcomes(db, [(payment, said)], now=NOW))[0]
    assert await events_of(db, payment) == [], "a promise is no money held"
    (stands,) = await apply_transitions(db, [capture(held, now=NOW)])
    assert (stands.state, stands.check_at) == (state, None)
    assert await events_of(db, payment) == [f"payment.{state}"]


@pytest.mark.parametrize("provider", ["transfer", "free"])
async def test_what_is_let_go_before_it_stands_is_over_at_once(db: Connection, provider: str) -> None:
    payment = await opened(db, provider)
    assert [each.state for each in await void_payments(db, [payment.id], now=NOW)] == ["voided"]
    payment = await owed(db, provider="cod")
    assert [each.state for each in await void_payments(db, [payment.id], now=NOW)] == ["voided"]
    assert (await get_payment(db, payment.id)).owed == 0


async def test_an_order_whose_process_died_is_carried_on(pool: Pool) -> None:
    async with pool.acquire() as db:
        payment, card = await opened(db, "cod"), await opened(db, "sandbox")
    heard: list[Outcome] = []

    async def settle(outcomes: Any) -> None:
        heard.extend(outcomes)

    assert await deferred_round(Database(pool), settle, now=NOW + PATIENCE) == 1
    assert heard == [promised(payment)]
    assert card.provider == "sandbox"
    assert await deferred_round(Database(pool), settle, now=NOW + PATIENCE) == 0


async def test_nobody_writes_to_a_promise() -> None:
    with pytest.raises(InvalidSignature):
        Deferred("cod").read_webhook({}, b"", now=NOW)
    with pytest.raises(ValueError, match="sandbox"):
        Deferred("sandbox")
    assert not (await Deferred("cod").refund(a_payment(provider="cod"), refund_id=uuid7(), amount=1)).done
    assert (await Deferred("cod").void(a_payment(provider="cod"))).state == "voided"


@pytest.mark.parametrize("state", ["pending", "authorised", "captured", "voided", "failed"])
def test_only_what_is_owed_is_settled(state: Any) -> None:
    with pytest.raises(ValueError, match=state):
        settle_owed(a_payment(state=state, provider="transfer"), now=NOW)


def test_only_what_was_promised_is_opened_again() -> None:
    with pytest.raises(ValueError, match="sandbox"):
        reopen(a_payment(state="captured"), now=NOW)
    with pytest.raises(ValueError, match="awaiting"):
        reopen(a_payment(state="awaiting", provider="cod"), now=NOW)


@given(st.lists(st.sampled_from(["capture", "void", "settle", "reopen", "promise"]), max_size=12))
def test_a_promise_is_paid_at_most_once_whatever_is_tried(steps: list[str]) -> None:
    payment, told = a_payment(provider="transfer", check_at=NOW), []
    for step in steps:
        try:
            transition = _tried(step, payment)
        except ValueError:
            continue
        if transition is None:
            continue
        told += [payload.name for payload in transition.payloads]
        assert transition.before is payment
        payment = transition.after
        assert payment.owed in (0, payment.amount - payment.refunded)
    assert told.count("payment.captured") - told.count("payment.reopened") == (payment.state == "captured")
    assert told.count("payment.awaiting") <= 1
    assert told.count("payment.voided") == (payment.state == "voided")
    assert payment.state in ("awaiting", "captured", "voided") or payment.check_at is not None


def _tried(step: str, payment: Payment) -> Transition | None:
    match step:
        case "capture":
            return capture(payment, now=NOW)
        case "void":
            return void(payment, now=NOW, reason="cancelled")
        case "settle":
            return settle_owed(payment, now=NOW)
        case "reopen":
            return reopen(payment, now=NOW)
        case "promise":
            return next_state(payment, promised(payment), now=NOW)
    return None
