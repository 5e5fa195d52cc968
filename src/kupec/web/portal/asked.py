"""What the shop asks of the customer, and what the customer complains about: both are tasks for a person."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import answer_task, get_task, open_task
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.sales import list_orders
from kupec.web.forms import Form, query_form, read_form
from kupec.web.portal.gate import customer_of
from kupec.web.portal.order_here import order_here
from kupec.web.portal.page import go, mine_or_missing, my_page, say
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.storefront.shop import open_shop

ANSWER_WITHIN = timedelta(days=1)
LONGEST = 2000
COMPLAINT = _("Complaint from the customer's account: {text}")


@post("/{language:str}/my/tasks/{task_id:uuid}", status_code=303, opt={"part": None})
async def answer(request: AnyRequest, task_id: FromPath[UUID]) -> Response[Any]:
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            task = await get_task(db, task_id)
            mine = task.portal and task.customer_id in (me.own_ids if me.for_oneself else me.account_ids)
            mine_or_missing(mine and (me.for_oneself or me.may("buy")), "task")
            await answer_task(db, task_id, form.prose("answer", most=LONGEST), actor=me.actor, now=site.clock.now())
    except KupecError as error:
        if error.status == 404:
            raise
        return go(request, "/my", failed=say(error, language_of(request)))
    return go(request, "/my", done=_("Thank you. Your answer is with us."))


@get("/{language:str}/my/complaint", opt={"part": "buy"})
async def ask(request: AnyRequest) -> Response[str]:
    return await _page(request)


async def _page(request: AnyRequest, form: Form | None = None, error: KupecError | None = None) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        orders = await list_orders(db, customer_ids=me.account_ids, limit=20)
    return my_page(
        request,
        shop,
        "complaint.html",
        section="orders",
        status=error.status if error else 200,
        orders=orders,
        chosen=(form or query_form(request)).text("order", most=100),
        text=form.prose("text", most=100_000)[:LONGEST] if form else "",
        errors={"text": say(error, shop.language)} if error else {},
    )


@post("/{language:str}/my/complaint", status_code=200, opt={"part": "buy"})
async def complain(request: AnyRequest) -> Response[Any]:
    """A person gets it as a task, about the order where one is named, and answers within a working day."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    now, about = site.clock.now(), form.text("order", most=100)
    try:
        text = form.prose("text", most=LONGEST)
        if not text:
            raise InvalidValue(field="text", expected="a few words")
        async with site.database.transaction() as db:
            order = await order_here(request, db, about, part="buy") if about else None
            await open_task(
                db,
                key=None,
                title=COMPLAINT,
                details={"text": text},
                subject=f"order:{order.id}" if order else f"customer:{me.account.id}",
                customer_id=me.account.id,
                due_at=now + ANSWER_WITHIN,
                actor=me.actor,
                now=now,
            )
    except InvalidValue as error:
        return await _page(request, form, error)
    return go(request, "/my", done=_("Your complaint is with us. A person answers within one working day."))


routes = (answer, ask, complain)
