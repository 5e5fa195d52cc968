"""The box in the checkout that asks for news: never ticked by us, and what it gives in return is said beside it."""

from typing import Any

import msgspec
from litestar import Request

from kupec.customers import CONSENTS, ask_consent
from kupec.kit.db import Connection
from kupec.kit.versions import published
from kupec.sales import Cart, Completion
from kupec.web.consent_form import benefits_in_words
from kupec.web.forms import Form
from kupec.web.rendering import site_of
from kupec.web.storefront.shop import buyer

AnyRequest = Request[Any, Any, Any]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A purpose as the checkout asks for it."""

    code: str
    name: str
    text: str
    benefit: str
    ticked: bool


async def asked_in_checkout(db: Connection, language: str, ticked: list[str]) -> list[Asked]:
    """What the document wants asked, with what the buyer has ticked so far."""
    purposes = (await published(db, CONSENTS))[CONSENTS].asked_at("checkout")
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


async def note_ticks(request: AnyRequest, cart: Cart, completion: Completion, ticked: list[str]) -> None:
    """The order is made; a mail asks the owner of the address whether they want what was ticked."""
    if not ticked or not cart.email:
        return
    site = site_of(request)
    async with site.database.transaction() as db:
        asked = {one.code for one in (await published(db, CONSENTS))[CONSENTS].asked_at("checkout")}
        wanted = [code for code in ticked if code in asked]
        if wanted:
            await ask_consent(
                db,
                cart.email,
                wanted,
                how="checkout",
                language=cart.language,
                actor=buyer(cart),
                now=site.clock.now(),
                name=cart.name or "",
                order_id=completion.order_id,
            )
