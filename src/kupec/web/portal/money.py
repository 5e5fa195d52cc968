"""The account's money: what is to be paid and how, the statement, invoices, cards on file."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.params import FromPath
from markupsafe import Markup

from kupec.billing import (
    accounts_of,
    cards_on_file,
    customer_statement,
    document_pdf,
    documents_for,
    forget_card,
    get_documents,
    qr_svg,
    statement_currencies,
)
from kupec.kit.errors import NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.sales import get_orders
from kupec.web.forms import query_form
from kupec.web.portal.gate import customer_of
from kupec.web.portal.page import go, mine_or_missing, my_page
from kupec.web.rendering import AnyRequest, pdf_file, site_of
from kupec.web.storefront.shop import open_shop

PATH = "/my/money"
PERIOD = timedelta(days=365)
ROWS = {
    "invoice": _("Invoice"),
    "credit_note": _("Credit note"),
    "payment": _("Payment"),
    "refund": _("Refund"),
}


@get("/{language:str}/my/money", opt={"part": "money"})
async def show(request: AnyRequest) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    zone = ZoneInfo(site.settings.shop_timezone)
    today = site.clock.now().astimezone(zone).date()
    until = datetime.combine(today + timedelta(days=1), time(), zone)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        accounts = await accounts_of(db, me.account_ids)
        currencies = await statement_currencies(db, me.account_ids) or [shop.market.currency]
        wanted = query_form(request).text("currency")
        currency = wanted if wanted in currencies else currencies[0]
        statement = await customer_statement(
            db,
            me.account_ids,
            currency=currency,
            since=datetime.combine(today - PERIOD, time(), zone),
            until=until,
            actor=me.actor,
        )
        orders = await get_orders(db, sorted({one.order_id for one in statement.owed}))
        documents = await documents_for(db, me.account_ids, actor=me.actor, limit=24)
        cards = [card for one in me.account_ids for card in await cards_on_file(db, one)]
    return my_page(
        request,
        shop,
        "money.html",
        section="money",
        statement=statement,
        currencies=currencies,
        currency=currency,
        code=Markup(qr_svg(statement.code, title=translate(shop.language, _("Payment code"))))  # noqa: S704 - ours
        if statement.code
        else None,
        numbers={order_id: order.number for order_id, order in orders.items()},
        accounts=[account for account in accounts.values() if account.currency == currency],
        documents=documents,
        cards=cards,
        row_words=ROWS,
    )


@get("/{language:str}/my/documents/{document_id:uuid}", opt={"part": "orders"})
async def document(request: AnyRequest, document_id: FromPath[UUID]) -> Response[bytes]:
    """An invoice or credit note of the account, as it was sent."""
    me = customer_of(request)
    async with site_of(request).database.reading() as db:
        found = (await get_documents(db, [document_id])).get(document_id)
        mine_or_missing(found is not None and found.party_id in me.account_ids, "document")
        content = await document_pdf(db, document_id)
    if found is None or content is None:
        raise NotFound(what="document")
    return pdf_file(found.number or "", content)


@post("/{language:str}/my/cards/{card_id:uuid}/remove", status_code=303, opt={"part": "money"})
async def remove_card(request: AnyRequest, card_id: FromPath[UUID]) -> Response[Any]:
    site, me = site_of(request), customer_of(request)
    async with site.database.transaction() as db:
        owners = {card.id: one for one in me.account_ids for card in await cards_on_file(db, one)}
        owner = owners.get(card_id)
        if owner is None:
            raise NotFound(what="card")
        await forget_card(db, owner, card_id, actor=me.actor, now=site.clock.now())
    return go(request, PATH, done=_("The card is forgotten. It is charged no more."))


routes = (show, document, remove_card)
