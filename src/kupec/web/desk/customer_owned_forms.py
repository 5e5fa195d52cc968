"""What the forms of a customer's products do: added, corrected, removed; a service booked, cancelled, done."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from kupec.customers import members_of, root_of
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.outreach import lift_bounce
from kupec.sales import (
    NewOwned,
    Owned,
    add_owned,
    book_service,
    cancel_service,
    change_owned,
    done_service,
    get_owned,
    remove_owned,
)
from kupec.web.desk.customer_editing import WRITE, carry_out
from kupec.web.forms import Form, read_form
from kupec.web.rendering import AnyRequest

SHOW = "owned"
_MESSAGES = {
    "change": _("Saved."),
    "book": _("The service is booked."),
    "cancel": _("The service is cancelled."),
    "done": _("The service is noted as done."),
    "remove": _("Removed."),
}


@post("/customers/{customer_id:uuid}/owned", opt=WRITE)
async def add(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await add_owned(db, await root_of(db, customer_id), _typed(form), actor=actor, now=now)

    return await carry_out(request, customer_id, form, work, show=SHOW, place="owned", message=_("Saved."))


@post("/customers/{customer_id:uuid}/owned/{owned_id:uuid}", opt=WRITE)
async def act(request: AnyRequest, customer_id: FromPath[UUID], owned_id: FromPath[UUID]) -> Response[Any]:
    """What the button says: correct it, book or cancel its service, note that it was done, remove it."""
    form = await read_form(request)
    wanted = form.text("wanted", most=20)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        found = await _theirs(db, customer_id, owned_id)
        if wanted == "change":
            await change_owned(db, found.id, _typed(form), actor=actor, now=now)
        elif wanted == "book":
            await book_service(db, found.id, _day(form, "day"), actor=actor, now=now)
        elif wanted == "cancel":
            await cancel_service(db, found.id, actor=actor, now=now)
        elif wanted == "done":
            await done_service(db, found.id, _day(form, "day"), actor=actor, now=now)
        elif wanted == "remove":
            await remove_owned(db, found.id, actor=actor, now=now)
        else:
            raise NotFound(what="page")

    message = _MESSAGES.get(wanted, "")
    return await carry_out(request, customer_id, form, work, show=SHOW, place=str(owned_id), message=message)


@post("/customers/{customer_id:uuid}/bounces", opt=WRITE)
async def works_again(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await lift_bounce(db, form.text("address", most=320), actor=actor, now=now)

    message = _("The address is written again from now on.")
    return await carry_out(request, customer_id, form, work, show=SHOW, place="bounces", message=message)


async def _theirs(db: Connection, customer_id: UUID, owned_id: UUID) -> Owned:
    found = await get_owned(db, owned_id)
    if found.party_id not in await members_of(db, await root_of(db, customer_id)):
        raise NotFound(what="owned product")
    return found


def _typed(form: Form) -> NewOwned:
    every = form.text("service_interval_days", most=10)
    return NewOwned(
        name=form.text("name", most=300),
        serial_number=form.text("serial_number", most=200) or None,
        bought_on=_optional(form, "bought_on"),
        warranty_until=_optional(form, "warranty_until"),
        last_service_on=_optional(form, "last_service_on"),
        service_interval_days=form.whole("service_interval_days", least=1, most=7300) if every else None,
    )


def _optional(form: Form, field: str) -> date | None:
    return _day(form, field) if form.text(field, most=20) else None


def _day(form: Form, field: str) -> date:
    try:
        return date.fromisoformat(form.text(field, most=20))
    except ValueError:
        raise InvalidValue(field=field, expected=_("a date")) from None


routes = (add, act, works_again)
