"""Starting a standing order at the desk: what was ordered once comes again."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.billing import accounts_of, cards_on_file
from kupec.customers import members_of
from kupec.kit import recurrence_words
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.sales import Order, StandingTerms, get_order, standing_from_order
from kupec.web import recurring
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.forms import Form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of


@get("/orders/{order_id:uuid}/repeat", opt={"permission": "orders.write"})
async def ask(request: AnyRequest, order_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, await get_order(db, order_id), None, {})


@post("/orders/{order_id:uuid}/repeat", opt={"permission": "orders.write"})
async def start(request: AnyRequest, order_id: FromPath[UUID]) -> Response[Any]:
    site, form, language = site_of(request), await read_form(request), language_of(request)
    errors: dict[str, str] = {}
    try:
        async with site.database.transaction() as db:
            order = await get_order(db, order_id)
            started = await standing_from_order(
                db,
                order_id,
                _terms(request, form, order),
                key=f"desk:{form.uuid('once')}",
                actor=actor_of(request),
                now=site.clock.now(),
            )
        return go(
            request, f"/desk/standing/{started.id}", done=reader_of(request).text(_("The standing order has begun."))
        )
    except InvalidValue as error:
        errors[f"standing.{error.field}"] = in_words(error, language)
        status = error.status
    except KupecError as error:
        errors["standing"] = explain(error, language)
        status = error.status
    async with site.database.reading() as db:
        return await _page(request, db, await get_order(db, order_id), form, errors, status)


def _terms(request: AnyRequest, form: Form, order: Order) -> StandingTerms:
    site, reader = site_of(request), reader_of(request)
    rule = recurring.read(form, zone=site.settings.shop_timezone, country=order.address.country, today=reader.today)
    card = form.text("card")
    return StandingTerms(
        recurrence=rule,
        payment="card" if card else "account",
        card_id=form.uuid("card") if card else None,
        price_policy="fixed" if "fixed" in form else "current",
        note=form.prose("note", most=500),
    )


async def _page(
    request: AnyRequest,
    db: Connection,
    order: Order,
    values: Form | None,
    errors: dict[str, str],
    status: int = 200,
) -> Response[str]:
    if order.customer_id is None:
        raise NotFound(what="order")
    reader = reader_of(request)
    members = await members_of(db, order.customer_id)
    return await desk_page(
        request,
        db,
        "desk/standing_new.html",
        section="standing",
        status=status,
        order=order,
        fields=recurring.typed(values) if values is not None else recurring.shown(None, today=reader.today),
        units=recurring.UNITS,
        weekdays=recurrence_words.WEEKDAYS,
        cards=[card for member in members for card in await cards_on_file(db, member)],
        accounts=bool(await accounts_of(db, members)),
        values=values,
        once=values.text("once") if values is not None else str(uuid7()),
        errors=errors,
    )
