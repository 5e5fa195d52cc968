"""Calls and visits: begun from the inbox, typed as they go, ended with what came of them."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.conversations import (
    COUNTER,
    PHONE,
    Spoken,
    end_spoken,
    get_inbox,
    list_inboxes,
    said_by_agent,
    said_by_customer,
    spoken_now,
    start_spoken,
)
from kupec.customers import list_parties
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.web.desk.gate import actor_of
from kupec.web.desk.inbox import WRITE, back_to
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

_MATCHES = 8


@get("/inbox/new", opt=WRITE)
async def ask(request: AnyRequest) -> Response[str]:
    """Who calls or stands at the counter; a name searches among the customers."""
    async with site_of(request).database.reading() as db:
        return await _page(request, db, query_form(request))


@post("/inbox/new", opt=WRITE)
async def begin(request: AnyRequest) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            inbox = await get_inbox(db, form.uuid("inbox"))
            who: str | UUID = form.uuid("customer") if form.text("customer", most=100) else form.text("phone")
            begun = await start_spoken(
                db,
                inbox,
                who,
                name=form.text("name"),
                country=site.settings.shop_country,
                direction="out" if form.text("direction") == "out" else "in",
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        words = in_words(error, language_of(request)) if error.field else explain(error, language_of(request))
        async with site.database.reading() as db:
            return await _page(request, db, form, errors={error.field or "": words}, status=error.status)
    return go(request, f"/desk/inbox/{begun.conversation_id}")


async def _page(
    request: AnyRequest, db: Connection, form: Form, *, errors: dict[str, str] | None = None, status: int = 200
) -> Response[str]:
    inboxes = [one for one in await list_inboxes(db, active=True) if one.channel in (PHONE, COUNTER)]
    who = form.prose("who", most=10_000)[:200]
    may_see = actor_of(request).may("customers.read")
    return await desk_page(
        request,
        db,
        "desk/inbox/new.html",
        section="inbox",
        status=status,
        inboxes=inboxes,
        who=who,
        found=await list_parties(db, who, limit=_MATCHES) if who and may_see else [],
        phone=form.prose("phone", most=10_000)[:200],
        errors=errors or {},
    )


@post("/inbox/{conversation_id:uuid}/spoken", opt=WRITE)
async def write_down(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    """What the customer says, what I say, or that it is over."""
    site, form = site_of(request), await read_form(request)
    actor, now, do = actor_of(request), site.clock.now(), form.text("do")
    try:
        async with site.database.transaction() as db:
            spoken = await _going_on(db, conversation_id)
            if do == "end":
                outcome = form.text("outcome", most=300)
                await end_spoken(db, spoken, outcome=outcome, actor=actor, now=now)
            elif do == "mine":
                await said_by_agent(db, spoken, form.prose("said", most=20_000), actor=actor, now=now)
            else:
                await said_by_customer(db, spoken, form.prose("said", most=20_000), actor=actor, now=now)
    except InvalidValue as error:
        return go(request, f"/desk/inbox/{conversation_id}", failed=in_words(error, language_of(request)))
    except KupecError as error:
        return back_to(request, conversation_id, failed=error)
    ended = reader_of(request).text(_("It is written down. Resolve the conversation when nothing is left to do."))
    return go(request, f"/desk/inbox/{conversation_id}#composer", done=ended if do == "end" else "")


async def _going_on(db: Connection, conversation_id: UUID) -> Spoken:
    spoken = await spoken_now(db, conversation_id)
    if spoken is None:
        raise NotFound(what="call")
    return spoken


routes = (ask, begin, write_down)
