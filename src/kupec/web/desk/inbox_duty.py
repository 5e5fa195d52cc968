"""Whether somebody takes conversations now, and how many at once: the switch in the inbox's head."""

from typing import Any, cast, get_args

import msgspec
from litestar import Response, post

from kupec.conversations import SERVICE_HOURS, AgentState, availability_of, set_availability
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.staff import Staff
from kupec.web.desk.gate import actor_of, staff_of
from kupec.web.desk.inbox_list import address_query
from kupec.web.desk.page import go, reader_of
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

DUTY_WORDS = {"available": _("I take conversations"), "busy": _("No new ones now"), "away": _("I am away")}


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    capacity: int


async def duty_of(db: Connection, me: Staff) -> Duty:
    found = (await availability_of(db, [me.id]))[me.id]
    usual = (await published(db, SERVICE_HOURS))[SERVICE_HOURS].capacity
    return Duty(state=found.state, capacity=usual if found.capacity is None else found.capacity)


@post("/inbox/duty", opt={"permission": "conversations.write"})
async def duty(request: AnyRequest) -> Response[Any]:
    """Whether I take conversations now, and how many at once."""
    site, form = site_of(request), await read_form(request)
    target = f"/desk/inbox{address_query(request)}"
    try:
        state = form.text("state")
        if state not in get_args(AgentState):
            raise InvalidValue(field="state", expected=_("one of the list"))
        capacity = form.whole("capacity", least=0, most=99, default=-1)
        async with site.database.transaction() as db:
            await set_availability(
                db,
                staff_of(request).id,
                cast(AgentState, state),
                capacity=capacity if capacity >= 0 else None,
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        return go(request, target, failed=explain(error, language_of(request)))
    return go(request, target, done=reader_of(request).text(DUTY_WORDS[state]))


routes = (duty,)
