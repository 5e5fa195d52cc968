"""How to pay an order by transfer: the code on its pages, and as a picture for mails."""

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath
from markupsafe import Markup

from kupec.billing import PaymentInstructions, payment_instructions, qr_png, qr_svg
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.money import Money
from kupec.sales import Order
from kupec.web.portal.order_here import order_here
from kupec.web.rendering import site_of

AnyRequest = Request[Any, Any, Any]


async def to_pay(db: Connection, order: Order, language: str) -> dict[str, Any]:
    """What `payment_instructions.html` needs."""
    found = (await payment_instructions(db, {order.id: order.number})).get(order.id)
    return {
        "to_pay": found,
        "pay_code": _drawn(found, language),
        "amount_plain": str(Money(found.amount, found.currency).decimal) if found else "",
    }


def _drawn(found: PaymentInstructions | None, language: str) -> Markup | None:
    if found is None or found.code is None:
        return None
    # The drawing is ours to the last character: digits and the translated title, which segno escapes.
    return Markup(qr_svg(found.code, title=translate(language, _("Payment code"))))  # noqa: S704


@get("/{language:str}/order/{token:str}/payment.png", include_in_schema=False)
async def picture(request: AnyRequest, token: FromPath[str]) -> Response[bytes]:
    """The code of an order that is still to be paid. NotFound for any other."""
    site = site_of(request)
    async with site.database.reading() as db:
        order = await order_here(request, db, token)
        found = (await payment_instructions(db, {order.id: order.number})).get(order.id)
    if found is None or found.code is None:
        raise NotFound(what="payment code")
    return Response(qr_png(found.code), media_type="image/png", headers={"Cache-Control": "private, no-store"})
