"""The box in the checkout that asks for news: never ticked by us, and what it gives in return is said beside it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request

from kupec.customers import CONSENTS, How, Proof, allowed, ask_consent, give_consent, has_address
from kupec.kit.actor import guest
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.kit.versions import published
from kupec.sales import Cart, Completion
from kupec.web.consent_form import benefits_in_words
from kupec.web.forms import Form
from kupec.web.rendering import site_of
from kupec.web.storefront.shop import Shop, buyer

AnyRequest = Request[Any, Any, Any]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A purpose as the checkout asks for it."""

    code: str
    name: str
    text: str
    benefit: str
    ticked: bool


async def asked_in_checkout(db: Connection, shop: Shop, ticked: list[str]) -> list[Asked]:
    """What the document wants asked, with what the buyer has ticked so far; who is signed in is asked what is open."""
    language, me = shop.language, shop.customer
    purposes = [
        one
        for one in (await published(db, CONSENTS))[CONSENTS].asked_at("checkout")
        if me is None or me.party.id not in await allowed(db, [me.party.id], one.code)
    ]
    benefits = await benefits_in_words(db, purposes, language) if purposes else {}
    return [
        Asked(
            code=one.code,
            name=one.name(language),
            text=one.text(language),
            benefit=benefits.get(one.code, ""),
            ticked=one.code in ticked,
        )
        for one in purposes
    ]


def ticked_in(form: Form) -> list[str]:
    return form.all("consent")[:20]


async def note_ticks(request: AnyRequest, shop: Shop, cart: Cart, completion: Completion, ticked: list[str]) -> None:
    """The order is made. Who is signed in has said it; else a mail asks the owner of the address."""
    if not ticked or not cart.email:
        return
    site = site_of(request)
    async with site.database.transaction() as db:
        asked = {one.code for one in (await published(db, CONSENTS))[CONSENTS].asked_at("checkout")}
        wanted = [code for code in dict.fromkeys(ticked) if code in asked]
        await agree_or_ask(
            db, shop, cart.email, wanted, how="checkout", order_id=completion.order_id, now=site.clock.now(), cart=cart
        )


async def agree_or_ask(
    db: Connection,
    shop: Shop,
    email: str,
    purposes: list[str],
    *,
    how: How,
    now: datetime,
    order_id: UUID | None = None,
    cart: Cart | None = None,
) -> bool:
    """Signed in, with an address of theirs: agreed (True). Else the address is asked. Raises InvalidValue (email)."""
    me = shop.customer
    if me is not None and await has_address(db, me.party.id, email):
        proof = Proof(how=how, order_id=order_id, address=email)
        for code in purposes:
            await give_consent(db, me.party.id, code, proof=proof, actor=me.actor, now=now)
        return True
    if purposes:
        actor = buyer(cart) if cart is not None else guest(shop.held_cart_id or uuid7())
        name = (cart.name if cart is not None else None) or ""
        await ask_consent(
            db, email, purposes, how=how, language=shop.language, actor=actor, now=now, name=name, order_id=order_id
        )
    return False
