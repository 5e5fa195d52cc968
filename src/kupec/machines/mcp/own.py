"""The tools that only machines have: what they may buy, buying it within a mandate, and what became of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from kupec.kit.errors import NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.spoken import money_said, words
from kupec.machines.mandates import (
    OWN,
    MachineCaller,
    Mandate,
    Purchase,
    PurchaseRequest,
    Spent,
    mandates_for,
    purchase_by_key,
    reason_words,
    spent_under,
)
from kupec.machines.mcp.callers import Caller
from kupec.machines.mcp.door import Door

Key = Annotated[str, msgspec.Meta(min_length=8, max_length=100, pattern="^[A-Za-z0-9._:-]+$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTool:
    """As `kit.tools.Tool`, for a machine: it knows which one calls, and opens its own transactions."""

    name: str
    description: str
    arguments: type[msgspec.Struct]
    result: type[msgspec.Struct]
    run: Callable[[Door, Caller, Any], Awaitable[msgspec.Struct]]
    scope: Literal["read", "buy"]
    hints: dict[str, bool]


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pieces of an article, by its SKU."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=9999)] = 1


class Buy(msgspec.Struct, frozen=True, kw_only=True):
    """`idempotency_key` is your own name for this purchase: the same key again is the same purchase, never another.

    `expected_total`, in minor units, refuses any other price.
    """

    lines: Annotated[list[Line], msgspec.Meta(min_length=1, max_length=200)]
    idempotency_key: Key
    expected_total: Annotated[int, msgspec.Meta(ge=0)] | None = None


class MyPurchase(msgspec.Struct, frozen=True, kw_only=True):
    idempotency_key: Key


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """It needs nothing."""


class BoughtThing(msgspec.Struct, frozen=True, kw_only=True):
    sku: str
    quantity: int
    name: str = ""


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """`state`: "placed" is ordered; "asked" waits for the owner; "claimed" is being ordered, ask again; "refused" by
    the mandate, "failed" at ordering, "cancelled" afterwards, with the reason as a code. Amounts in minor units.
    """

    purchase_id: str
    state: str
    reason: str
    order_number: str
    total: int
    total_text: str
    currency: str
    lines: list[BoughtThing]
    answer_until: str
    text: str


class MandateSaid(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts in minor units; null is no limit. Without `skus` and `categories` anything may be bought."""

    id: str
    currency: str
    budget: int | None
    budget_period: str
    left: int | None
    most_price: int | None
    asks_above: int | None
    orders_left: int | None
    skus: list[str]
    categories: list[str]
    sellers: list[str]
    until: str


class Mandates(msgspec.Struct, frozen=True, kw_only=True):
    may_buy: bool
    mandates: list[MandateSaid]
    text: str


async def _buy(door: Door, caller: Caller, given: Buy) -> Bought:
    machine = _machine(caller)
    request = PurchaseRequest(
        machine_id=machine.machine.id,
        key=given.idempotency_key,
        lines=[(line.sku, line.quantity) for line in given.lines],
        expected_total=given.expected_total,
        why={"by": "mcp"},
    )
    assert door.buyer is not None, "a process with machines' routes has one"
    return _bought(await door.buyer.buy(request), caller.language, door.settings.shop_timezone)


async def _my_purchase(door: Door, caller: Caller, given: MyPurchase) -> Bought:
    async with door.database.reading() as db:
        found = await purchase_by_key(db, _machine(caller).machine.id, given.idempotency_key)
    if found is None:
        raise NotFound(what="purchase")
    return _bought(found, caller.language, door.settings.shop_timezone)


async def _my_mandates(door: Door, caller: Caller, given: Nothing) -> Mandates:
    machine, now = _machine(caller), door.clock.now()
    async with door.database.reading() as db:
        held = [each for each in await mandates_for(db, machine.machine.id) if each.state(now) == "active"]
        said = [_mandate(each, await spent_under(db, each, now=now)) for each in held]
    ours = any(OWN in each.sellers for each in held)
    may = ours and machine.may("buy") and machine.machine.state == "active"
    return Mandates(may_buy=may, mandates=said, text=_mandates_text(may, said, caller.language))


def _mandate(mandate: Mandate, spent: Spent) -> MandateSaid:
    return MandateSaid(
        id=str(mandate.id),
        currency=mandate.currency,
        budget=mandate.budget,
        budget_period=mandate.budget_period,
        left=None if mandate.budget is None else max(mandate.budget - spent.total, 0),
        most_price=mandate.most_price,
        asks_above=mandate.approval_above,
        orders_left=None if mandate.most_orders is None else max(mandate.most_orders - spent.orders, 0),
        skus=mandate.goods.skus,
        categories=mandate.goods.categories,
        sellers=mandate.sellers,
        until=_moment(mandate.expires_at),
    )


def _mandates_text(may: bool, said: list[MandateSaid], language: str) -> str:
    if not may:
        return translate(language, _("This machine may look, but not buy. Its owner can give it a mandate."))
    left = [money_said(each.left, each.currency, language) for each in said if each.left is not None]
    if len(left) < len(said):
        return translate(language, _("This machine may buy; its mandate has no budget."))
    return words(language, _("This machine may still buy for {left}."), left=" / ".join(left))


_STATES: Final = {
    "placed": _("Ordered: {number} for {total}."),
    "asked": _("This costs {total}. Its owner was asked and has not answered yet; nothing was ordered."),
    "claimed": _("This is being ordered for {total}. Ask again in a moment with the same key."),
    "cancelled": _("The order {number} was cancelled."),
}


def _bought(purchase: Purchase, language: str, zone: str) -> Bought:
    total = money_said(purchase.total, purchase.currency, language)
    number = purchase.order_number or ""
    if purchase.state in ("refused", "failed"):
        text = reason_words(purchase, language, zone=zone)
    else:
        text = words(language, _STATES[purchase.state], total=total, number=number)
    return Bought(
        purchase_id=str(purchase.id),
        state=purchase.state,
        reason=purchase.reason or "",
        order_number=number,
        total=purchase.total,
        total_text=total,
        currency=purchase.currency,
        lines=[BoughtThing(sku=line.sku, quantity=line.quantity, name=line.name) for line in purchase.lines],
        answer_until=_moment(purchase.expires_at) if purchase.state == "asked" else "",
        text=text,
    )


def _moment(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _machine(caller: Caller) -> MachineCaller:
    assert caller.machine is not None, "guests are offered none of these"
    return caller.machine


_LOOKS: Final = {"readOnlyHint": True, "openWorldHint": False}

OWN_TOOLS: Final = (
    OwnTool(
        name="buy",
        description=(
            "Order goods for the machine's owner, within its mandate: delivered and paid as the mandate says. "
            "Refused, or asked about first, where the mandate says so."
        ),
        arguments=Buy,
        result=Bought,
        run=_buy,
        scope="buy",
        hints={"readOnlyHint": False, "destructiveHint": True, "idempotentHint": True, "openWorldHint": False},
    ),
    OwnTool(
        name="my_mandates",
        description="What this machine may buy for its owner, and how much of the budget is left.",
        arguments=Nothing,
        result=Mandates,
        run=_my_mandates,
        scope="read",
        hints=_LOOKS,
    ),
    OwnTool(
        name="my_purchase",
        description="What became of a purchase of this machine, by the key that it was bought under.",
        arguments=MyPurchase,
        result=Bought,
        run=_my_purchase,
        scope="read",
        hints=_LOOKS,
    ),
)
