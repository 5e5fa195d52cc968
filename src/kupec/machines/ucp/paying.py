"""A session is completed: by a card's token, or under a mandate that a machine's key stands for."""

from uuid import UUID

import msgspec
from litestar import Response

from kupec.billing import PAYMENT
from kupec.catalogue import markets
from kupec.customers import get_party, members_of
from kupec.kit.db import Connection
from kupec.kit.errors import IdempotencyMismatch
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.versions import published
from kupec.machines.mandates import (
    Machine,
    Purchase,
    PurchaseRequest,
    UnknownMachineKey,
    authenticate,
    carts_in_hand,
    purchase_by_key,
    usable_mandate,
)
from kupec.machines.ucp import render
from kupec.machines.ucp.agent import AnyRequest, Platform, language_of
from kupec.machines.ucp.answers import answer
from kupec.machines.ucp.door import Door
from kupec.machines.ucp.errors import KeyRefused, SessionOver, UnknownHandler
from kupec.machines.ucp.keyed import claim, keyed
from kupec.machines.ucp.messages import error_message
from kupec.machines.ucp.owners_word import forget_owners_word, note_owners_word
from kupec.machines.ucp.profile import CARD_HANDLER, MANDATE_HANDLER
from kupec.machines.ucp.requests import InstrumentIn
from kupec.machines.ucp.sessions import cheapest
from kupec.machines.ucp.shapes import Message
from kupec.machines.ucp.showing import shown
from kupec.machines.ucp.standing import Placed, Session, find_session, session_id, words_of
from kupec.sales import (
    CardNotMeant,
    CartDetails,
    CartInPayment,
    CompleteRequest,
    Completion,
    TotalChanged,
    give_cart,
    known_details,
    lock_carts,
    note_shown,
    price_cart,
    set_details,
)

_NOBODYS = "-"
"""A card that no provider knows."""


async def pay(
    request: AnyRequest, platform: Platform, session: str, instrument: InstrumentIn, key: str
) -> Response[bytes]:
    """The session after it was tried. Raises what the way of paying does."""
    if instrument.handler_id == CARD_HANDLER:
        return await _by_card(request, platform, session, instrument, key)
    if instrument.handler_id == MANDATE_HANDLER:
        return await _by_mandate(request, platform, session, instrument, key)
    offered = f"{CARD_HANDLER}, {MANDATE_HANDLER}"
    raise UnknownHandler(field="payment.instruments[0].handler_id", offered=offered)


async def _by_card(
    request: AnyRequest, platform: Platform, session: str, instrument: InstrumentIn, key: str
) -> Response[bytes]:
    door: Door = request.app.state.site
    cart_id = session_id(session)
    await _without_owner(cart_id, platform, door)
    wanted = CompleteRequest(
        cart_id=cart_id,
        key=key,
        card_token=_token(instrument.credential.token),
        expected_total="shown",
        return_url=f"{door.settings.base_url}/{language_of(request, None)}/checkout/return/{{payment}}",
        actor=platform.actor,
        agent=platform.profile,
        card_only=True,
    )
    try:
        completion = await door.checkout.complete(wanted)
    except CardNotMeant:
        async with door.database.transaction() as db:
            await _pay_by_card(db, wanted.cart_id, platform, door)
        completion = await door.checkout.complete(wanted)
    return await _completed(request, platform, completion, key)


async def _without_owner(cart_id: UUID, platform: Platform, door: Door) -> None:
    """Whoever pays with a card says themself who buys and where it goes: what is the machine's owner's is taken out.

    Raises CartInPayment while it is bought under a mandate, or its owner is asked.
    """
    async with door.database.reading() as db:
        if not await db.fetchval("select exists (select from ucp_of_owner where cart_id = $1)", cart_id):
            return
    async with door.database.transaction() as db:
        cart = (await lock_carts(db, [cart_id])).get(cart_id)
        if cart is None or cart.agent != platform.profile or cart.state != "open":
            return
        if await carts_in_hand(db, [cart_id]):
            raise CartInPayment
        taken_out = await forget_owners_word(db, cart_id)
        if taken_out is not None:
            await set_details(db, cart_id, taken_out, actor=platform.actor, now=door.clock.now())


async def _pay_by_card(db: Connection, cart_id: UUID, platform: Platform, door: Door) -> None:
    """A session that was to be paid under a mandate may stand on its owner's account: no card's token is good for that.

    Raises CartInPayment while it is bought under a mandate, or its owner is asked.
    """
    cart = (await lock_carts(db, [cart_id])).get(cart_id)
    if cart is None or cart.agent != platform.profile or cart.state != "open":
        return
    if await carts_in_hand(db, [cart_id]):
        raise CartInPayment
    methods = (await published(db, PAYMENT))[PAYMENT].methods
    cards = [method.code for method in methods if method.active and method.kind == "card"]
    if cards:
        by_card = CartDetails(payment_method=cards[0])
        await set_details(db, cart_id, by_card, actor=platform.actor, now=door.clock.now())


def _token(told: str) -> str:
    """The card's token as the provider is asked for it.

    References of kept cards are ours to use, nobody else's to name; and no token is no wish to type a card elsewhere.
    """
    return told if told and ":" not in told else _NOBODYS


async def _completed(request: AnyRequest, platform: Platform, completion: Completion, key: str) -> Response[bytes]:
    """Raises SessionOver where another request has made the order before."""
    door: Door = request.app.state.site
    if completion.sold is not None:
        placed = Placed(id=completion.order_id, number=completion.number, language=completion.sold.cart.language)
        async with door.database.reading() as db:
            words = await words_of(db, completion.cart_id)
        session = Session(seen=completion.sold, placed=placed, **msgspec.structs.asdict(words))
        return answer(render.checkout(session, door.settings, spoken=platform.capabilities))
    async with door.database.transaction() as db:
        found = await find_session(db, completion.cart_id, platform, now=door.clock.now())
        if found.placed and await db.fetchval("select key from sales_order where id = $1", found.placed.id) != key:
            raise SessionOver
    messages: list[Message] = []
    if completion.state == "failed":
        text = translate(found.seen.cart.language, _("The payment did not go through. Nothing was charged."))
        messages = [error_message("payment_failed", text, path="$.payment")]
    return answer(render.checkout(found, door.settings, messages=messages, spoken=platform.capabilities))


async def _by_mandate(
    request: AnyRequest, platform: Platform, session: str, instrument: InstrumentIn, key: str
) -> Response[bytes]:
    """The machine's owner buys: at their prices, to their address where none was told, as their mandate says."""
    door: Door = request.app.state.site
    assert door.buyer is not None, "made in wiring"
    cart_id = session_id(session)
    wanted = f"ucp {cart_id} {key}"
    once = keyed(platform.profile, key, "complete", session, instrument)
    async with door.database.transaction() as db:
        [fresh] = await claim(db, [once], now=door.clock.now())
        if isinstance(fresh, IdempotencyMismatch):
            raise fresh
        machine = await _machine(db, instrument.credential.token, door)
        await lock_carts(db, [cart_id])
        if await purchase_by_key(db, machine.id, wanted) is None and await carts_in_hand(db, [cart_id]):
            raise CartInPayment
        total, shown_before = await _as_owners(db, cart_id, platform, machine, door)
    if total is not None and total != shown_before:
        return await shown(request, platform, session, error=TotalChanged(field="expected_total"))
    purchase = await door.buyer.buy(
        PurchaseRequest(
            machine_id=machine.id,
            key=wanted,
            cart_id=cart_id,
            expected_total=total,
            why={"protocol": "ucp", "agent": platform.profile},
        )
    )
    return await _bought(request, platform, session, purchase)


async def _machine(db: Connection, token: str, door: Door) -> Machine:
    try:
        found = await authenticate(db, token, now=door.clock.now())
    except UnknownMachineKey:
        raise KeyRefused(field="payment") from None
    if not found.may("buy"):
        raise KeyRefused(field="payment")
    return found.machine


async def _as_owners(
    db: Connection, cart_id: UUID, platform: Platform, machine: Machine, door: Door
) -> tuple[int | None, int | None]:
    """What the session costs its machine's owner, and what was shown last; None for one that is over.

    What it lacks of a buyer and an address, the owner is known by; the cheapest delivery is taken where none was.
    """
    now = door.clock.now()
    found = await find_session(db, cart_id, platform, now=now)
    cart = found.seen.cart
    if cart.state != "open":
        return None, None
    await give_cart(db, cart_id, machine.party_id, actor=platform.actor, now=now)
    members = await members_of(db, machine.party_id)
    owner = await get_party(db, members[0])
    market = next(one for one in await markets(db) if one.code == cart.market)
    known = await known_details(db, person=owner, account=owner, account_ids=members, market=market)
    lacking = {
        name: value
        for name in ("email", "name", "phone")
        if not getattr(cart, name) and (value := getattr(known, name))
    }
    mandate = await usable_mandate(db, machine.id, now=now)
    address = (mandate.address if mandate else None) or known.address
    complete = cart.address is not None and all((cart.address.street, cart.address.city, cart.address.postcode))
    if not complete and address:
        lacking["address"] = address
    if lacking:
        await set_details(db, cart_id, CartDetails(**lacking), actor=platform.actor, now=now)
        await note_owners_word(db, cart_id, lacking)
    seen = await price_cart(db, cart_id, now=now)
    if seen.shipping is None and seen.shipping_options:
        method = CartDetails(shipping_method=cheapest(seen.shipping_options))
        await set_details(db, cart_id, method, actor=platform.actor, now=now)
        seen = await price_cart(db, cart_id, now=now)
    await note_shown(db, {cart_id: seen.total})
    return seen.total, cart.shown_total if cart.shown_total is not None else found.seen.total


async def _bought(request: AnyRequest, platform: Platform, session: str, purchase: Purchase) -> Response[bytes]:
    door: Door = request.app.state.site
    language = language_of(request, None)
    if purchase.state in ("placed", "claimed"):
        return await shown(request, platform, session)
    if purchase.state == "asked":
        text = translate(language, _("The machine's owner is asked for their approval."))
        message = error_message("approval_required", text, path="$.payment", severity="requires_buyer_review")
        url = f"{door.settings.base_url}/my/machines/asked"
        return await shown(request, platform, session, messages=[message], continue_url=url)
    text = translate(language, _("The mandate does not allow this purchase ({reason}). Nothing was charged."))
    message = error_message("payment_failed", text.format(reason=purchase.reason or purchase.state), path="$.payment")
    return await shown(request, platform, session, messages=[message])
