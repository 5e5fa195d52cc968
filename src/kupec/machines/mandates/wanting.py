"""A machine's wish to buy in this shop is decided: each mandate prices it as its owner's cart, and one speaks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.billing import cards_of, stored_cards
from kupec.catalogue import markets
from kupec.customers import addresses_of, members_of
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.machines.mandates.carts import Seen, keep_cart, price_given, price_wanted, wanted_variants
from kupec.machines.mandates.claiming import (
    Found,
    actor_of,
    candidates,
    check_key,
    found_of,
    purchase_by_key,
    spent_under,
    stopped_by,
    write,
)
from kupec.machines.mandates.deciding import best_of, decide
from kupec.machines.mandates.models import (
    OWN,
    Allowed,
    Decision,
    Machine,
    Mandate,
    NeedsApproval,
    Purchase,
    PurchaseRequest,
    Refused,
    Wish,
    WishLine,
)
from kupec.machines.mandates.noting import call_about
from kupec.machines.mandates.rows import lock_machine
from kupec.sales import MAX_LINES, MAX_QUANTITY, Address, Problem

# What is short now may be there when the goods are taken: only that decides.
_PASSING = "not_enough_stock"
_PLACE = ("street", "city", "postcode", "country")
_SENT_THERE = """
select exists (
    select from sales_order where customer_id = any($1::uuid[]) and placed_at is not null
       and address->>'street' = $2 and address->>'city' = $3 and address->>'postcode' = $4 and address->>'country' = $5)
"""


class _Undo(Exception):
    """What was tried under a mandate is not kept."""


class _Tried(msgspec.Struct, frozen=True, kw_only=True):
    mandate: Mandate
    decision: Decision
    wish: Wish
    failed: Found | None = None
    cart_id: UUID | None = None
    card_id: UUID | None = None


async def want(db: Connection, request: PurchaseRequest, *, now: datetime) -> Purchase:
    """What becomes of a wish: a new purchase, or the one that this key has made already.

    Raises NotFound (machine, cart), InvalidValue (key, lines), TooManyRefusals, and for a given cart CartClosed,
    CartInPayment, Forbidden.
    """
    _check(request)
    machine = await lock_machine(db, request.machine_id)
    known = await purchase_by_key(db, machine.id, request.key)
    if known is not None:
        return known
    found = await _find(db, machine, request, now)
    purchase = await write(db, machine, request.key, found, why=request.why, now=now)
    if purchase.reason == "card_gone":
        await call_about(db, purchase, actor=actor_of(machine.id), now=now)
    return purchase


def _check(request: PurchaseRequest) -> None:
    check_key(request.key)
    if request.cart_id is None and not 1 <= len(request.lines) <= MAX_LINES:
        raise InvalidValue(field="lines", expected=_("at least one line, and not more than 200"))
    for index, (sku, quantity) in enumerate(request.lines):
        if not 1 <= quantity <= MAX_QUANTITY:
            raise InvalidValue(field=f"lines[{index}].quantity", expected=_("a whole number from 1 to 9999"))
        if not sku.isprintable() or len(sku) > 200:
            raise InvalidValue(field=f"lines[{index}].sku", expected=_("the code of an article"))


async def _find(db: Connection, machine: Machine, request: PurchaseRequest, now: datetime) -> Found:
    stopped = stopped_by(machine)
    mandates = await candidates(db, machine, OWN, request.mandate_id) if stopped is None else []
    if not mandates:
        return found_of(None, await _unpriced(db, request), stopped)
    variants = await wanted_variants(db, request)
    unknown = next((sku for sku, _pieces in request.lines if sku not in variants), None)
    if unknown is not None:
        wish = await _unpriced(db, request, mandates[0].currency)
        return Found(state="failed", wish=wish, mandate=mandates[0], reason="unknown_goods", fields={"sku": unknown})
    tried: list[_Tried] = []
    for mandate in mandates:
        one = await _try(db, mandate, request, variants, keep=(Allowed,), now=now)
        if isinstance(one.decision, Allowed):
            return _kept(one)
        tried.append(one)
    best = best_of([(one.mandate, one.decision) for one in tried])
    assert best is not None, "one was tried at least"
    if isinstance(best[1], NeedsApproval):
        return _kept(await _try(db, best[0], request, variants, keep=(NeedsApproval,), now=now))
    wish = next(one.wish for one in tried if one.mandate.id == best[0].id)
    return found_of(best, wish)


async def _try(
    db: Connection,
    mandate: Mandate,
    request: PurchaseRequest,
    variants: Mapping[str, UUID],
    *,
    keep: tuple[type, ...],
    now: datetime,
) -> _Tried:
    """What this mandate says of the wish at today's price; the cart stays only where that is one of `keep`."""
    tried: _Tried
    actor = actor_of(mandate.machine_id)
    try:
        async with db.transaction():
            if request.cart_id is None:
                seen = await price_wanted(db, mandate, request, variants, now=now)
            else:
                seen = await price_given(db, mandate, request.cart_id, actor=actor, now=now)
            tried = await _judged(db, mandate, request, seen, now)
            if not isinstance(tried.decision, keep) or tried.failed is not None:
                raise _Undo
            cart_id = request.cart_id or await keep_cart(db, seen, actor=actor, now=now)
            tried = msgspec.structs.replace(tried, cart_id=cart_id)
    except _Undo:
        return tried
    return tried


async def _judged(db: Connection, mandate: Mandate, request: PurchaseRequest, seen: Seen, now: datetime) -> _Tried:
    wish = seen.wish
    if request.agreed_in is not None and request.agreed_in != mandate.currency:
        unpriced = msgspec.structs.replace(wish, lines=_wanted_lines(request), total=0, currency=request.agreed_in)
        other = Refused(code="other_currency", fields={"currency": request.agreed_in, "wanted": mandate.currency})
        return _Tried(mandate=mandate, decision=other, wish=unpriced)
    wrong = next((each for each in seen.priced.problems if each.code != _PASSING), None)
    if wrong is not None and len(wish.lines) < len({sku for sku, _pieces in request.lines}):
        # What cannot be priced cannot be decided either: it is the shop that says no.
        whole = msgspec.structs.replace(wish, lines=_wanted_lines(request))
        return _Tried(mandate=mandate, decision=Allowed(), wish=whole, failed=_failed(mandate, whole, wrong))
    decision = decide(mandate, wish, await spent_under(db, mandate, now=now), now)
    if isinstance(decision, Allowed) and seen.priced.needs_approval and not mandate.agreed:
        decision = NeedsApproval(code="account_approval")
    given = seen.priced.cart.address if request.cart_id is not None else None
    if isinstance(decision, Allowed) and given is not None and not await _is_known(db, mandate, given):
        decision = NeedsApproval(code="other_address")
    if isinstance(decision, Refused):
        return _Tried(mandate=mandate, decision=decision, wish=wish)
    if request.expected_total is not None and request.expected_total != wish.total:
        figures = {"total": wish.total, "expected": request.expected_total, "currency": wish.currency}
        changed = Found(state="failed", wish=wish, mandate=mandate, reason="total_changed", fields=figures)
        return _Tried(mandate=mandate, decision=decision, wish=wish, failed=changed)
    card_id = await card_for(db, mandate) if mandate.payment == "card" else None
    failed = _failed(mandate, wish, wrong) if wrong is not None else None
    if failed is None and mandate.payment == "card" and card_id is None:
        failed = Found(state="failed", wish=wish, mandate=mandate, reason="card_gone")
    return _Tried(mandate=mandate, decision=decision, wish=wish, failed=failed, card_id=card_id)


async def _is_known(db: Connection, mandate: Mandate, given: Address) -> bool:
    """Whether it goes where the mandate says, or, where it names no place, to one that is its owner's already: in
    their addresses, or that they had something sent to. Whose name stands on the parcel is not asked.
    """
    if mandate.address is not None:
        return _place(mandate.address) == _place(given)
    members = await members_of(db, mandate.party_id)
    if any(_place(one.address) == _place(given) for one in await addresses_of(db, members)):
        return True
    known: bool = await db.fetchval(_SENT_THERE, members, *_place(given))
    return known


def _place(address: Address | Mapping[str, str]) -> tuple[str, ...]:
    told = address if isinstance(address, Mapping) else msgspec.structs.asdict(address)
    return tuple(str(told.get(part, "")) for part in _PLACE)


def _failed(mandate: Mandate, wish: Wish, problem: Problem) -> Found:
    fields = {**problem.details, "message": problem.message, "place": problem.field}
    return Found(state="failed", wish=wish, mandate=mandate, reason=problem.code, fields=fields)


def _kept(one: _Tried) -> Found:
    if one.failed is not None:
        return one.failed
    found = found_of((one.mandate, one.decision), one.wish)
    return msgspec.structs.replace(found, cart_id=one.cart_id, card_id=one.card_id)


async def card_for(db: Connection, mandate: Mandate) -> UUID | None:
    """The card that pays: the mandate's own, where it names one that is still kept, else the owner's latest."""
    if mandate.card_id is not None:
        return mandate.card_id if await stored_cards(db, [mandate.card_id]) else None
    kept = await cards_of(db, await members_of(db, mandate.party_id))
    return kept[0].id if kept else None


def _wanted_lines(request: PurchaseRequest) -> list[WishLine]:
    return [WishLine(sku=sku, quantity=quantity, total=0) for sku, quantity in request.lines]


async def _unpriced(db: Connection, request: PurchaseRequest, currency: str = "") -> Wish:
    shown: Sequence[WishLine] = _wanted_lines(request)
    money = currency or (await markets(db))[0].currency
    return Wish(seller=OWN, lines=list(shown), total=0, currency=money)


def refused_by(error: KupecError) -> dict[str, object]:
    """An error of the shop's, as the figures of a reason: its words are the error's own."""
    plain = {name: value for name, value in error.details.items() if isinstance(value, str | int)}
    return {**plain, "message": error.template(), "place": error.field or ""}
