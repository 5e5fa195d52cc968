"""What is done beside a conversation without leaving it: an order cancelled, a task, a call back."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from kupec.conversations import get_conversation
from kupec.customers import members_of, normalise_phone, open_task, parties_by_ids, roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.sales import cancel_order, get_order
from kupec.web.desk.conversation_actions import act
from kupec.web.desk.gate import staff_of
from kupec.web.desk.task_words import my_reader
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, site_of

_EVENING = time(17)


@post("/inbox/{conversation_id:uuid}/orders/{order_id:uuid}/cancel", opt={"permission": "orders.refund"})
async def cancel(request: AnyRequest, conversation_id: FromPath[UUID], order_id: FromPath[UUID]) -> Response[Any]:
    """Cancel an order of this conversation's customer."""
    form = await read_form(request)

    async def verb(db: Connection, actor: Actor, now: datetime) -> None:
        order = await get_order(db, order_id)
        if order.customer_id not in await _members(db, conversation_id):
            raise NotFound(what="order")
        await cancel_order(db, order_id, reason=form.text("reason", most=500), actor=actor, now=now)

    return await act(request, conversation_id, verb, _("The order is cancelled."))


@post("/inbox/{conversation_id:uuid}/task", opt={"permission": "tasks.write"})
async def task(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    """Something to do for this customer, by the evening of a day."""
    form, reader = await read_form(request), my_reader(request)

    async def verb(db: Connection, actor: Actor, now: datetime) -> None:
        try:
            day = datetime.fromisoformat(form.text("day", most=100)).date()
        except ValueError:
            raise InvalidValue(field="day", expected=_("a day from today on")) from None
        if day < reader.today:
            raise InvalidValue(field="day", expected=_("a day from today on"))
        title = form.text("title")
        if not title:
            raise InvalidValue(field="title", expected=_("a few words"))
        due_at = max(datetime.combine(day, _EVENING, reader.zone), now)
        await _open(request, db, conversation_id, title, {}, due_at, actor, now)

    return await act(request, conversation_id, verb, _("The task is made."))


@post("/inbox/{conversation_id:uuid}/callback", opt={"permission": "tasks.write"})
async def call_back(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    """Somebody is to call this customer, at a time or as soon as they can."""
    form, reader = await read_form(request), my_reader(request)
    country = site_of(request).settings.shop_country

    async def verb(db: Connection, actor: Actor, now: datetime) -> None:
        phone = normalise_phone(form.text("phone", most=100), country)
        at = _moment(form.text("at", most=100), reader.zone, now)
        await _open(request, db, conversation_id, _("Call {phone}"), {"phone": phone}, at, actor, now)

    return await act(request, conversation_id, verb, _("The call is planned."))


def _moment(text: str, zone: Any, now: datetime) -> datetime:
    if not text:
        return now
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        raise InvalidValue(field="at", expected=_("a moment to come")) from None
    if moment < now:
        raise InvalidValue(field="at", expected=_("a moment to come"))
    return moment


async def _open(
    request: AnyRequest,
    db: Connection,
    conversation_id: UUID,
    title: str,
    details: dict[str, Any],
    due_at: datetime,
    actor: Actor,
    now: datetime,
) -> None:
    one = await get_conversation(db, conversation_id)
    root = (await roots(db, [one.customer_id]))[one.customer_id]
    known = root in await parties_by_ids(db, [root])
    await open_task(
        db,
        key=None,
        title=title,
        details={**details, "conversation": one.number},
        subject=f"conversation:{conversation_id}",
        customer_id=root if known else None,
        due_at=due_at,
        actor=actor,
        now=now,
        assignee_id=staff_of(request).id,
        remind_before=[0],
    )


async def _members(db: Connection, conversation_id: UUID) -> list[UUID]:
    one = await get_conversation(db, conversation_id)
    return await members_of(db, (await roots(db, [one.customer_id]))[one.customer_id])


routes = (cancel, task, call_back)
