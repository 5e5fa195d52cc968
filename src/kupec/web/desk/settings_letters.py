"""How a letter would look under a version of its wording, with the latest order in it."""

from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.i18n import LANGUAGES
from kupec.kit.settings import Settings
from kupec.kit.versions import get_document
from kupec.outreach import LETTERS, Letter, Letters, Sender, order_confirmation, parcel_shipped
from kupec.sales import Fulfilment, Order, get_order
from kupec.web.desk.settings_pages import PERMISSION
from kupec.web.rendering import AnyRequest, html, site_of

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


@get("/settings/letters/{version_id:uuid}/{wanted:str}", opt={"permission": PERMISSION})
async def letter_html(request: AnyRequest, version_id: FromPath[UUID], wanted: FromPath[str]) -> Response[str]:
    """The letter's own HTML, for the frame that shows it. `wanted` is "order_confirmation.cs"."""
    letter, _dot, language = wanted.partition(".")
    if letter not in Letters.__struct_fields__ or language not in LANGUAGES:
        raise NotFound(what="letter")
    site = site_of(request)
    async with site.database.reading() as db:
        letters = await get_document(db, LETTERS, version_id)
        order = msgspec.structs.replace(await _latest(db), language=language)
    written = _write(letter, order, letters, site.settings)
    headers = {
        "Content-Security-Policy": _POLICY,
        "X-Frame-Options": "SAMEORIGIN",
        "Cache-Control": "private, no-store",
    }
    return html(f"<h1>{_escaped(written.title)}</h1>{written.html}", headers=headers)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


async def _latest(db: Connection) -> Order:
    order_id = await db.fetchval(
        "select id from sales_order where placed_at is not null and email is not null order by placed_at desc limit 1"
    )
    if order_id is None:
        raise NotFound(what="order")
    return await get_order(db, order_id)


def _write(letter: str, order: Order, letters: Letters, settings: Settings) -> Letter:
    sender = Sender(
        name=settings.shop_name, email=settings.shop_email, base_url=settings.base_url, secret=settings.secret
    )
    if letter == "order_confirmation":
        return order_confirmation(order, sender, letters)
    return parcel_shipped(order, _parcel(order), sender, letters)


def _parcel(order: Order) -> Fulfilment:
    """A parcel of the order, or one that might be."""
    if order.fulfilments:
        return order.fulfilments[0]
    return Fulfilment(
        id=order.id,
        location="",
        state="shipped",
        carrier=order.shipping_name,
        tracking_number="DR123456789",
        tracking_url=None,
        picked_at=None,
        shipped_at=None,
        delivered_at=None,
        contents=[],
    )
