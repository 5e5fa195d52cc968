"""Settings, Integrations, one endpoint: its secret, what was sent to it, and sending it again."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.integrations import (
    change_endpoint,
    get_endpoint,
    list_deliveries,
    remove_endpoint,
    replay_delivery,
    replay_failed,
    rotate_secret,
    send_test,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.web.desk.gate import actor_of
from kupec.web.desk.integrations import (
    HERE,
    KIND_WORDS,
    READ,
    STATE_TONES,
    STATE_WORDS,
    WRITE,
    changed,
    events_of,
    in_language,
    moment_of,
    reach_here,
)
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PAGE = 50
DELIVERY_WORDS = {"waiting": _("waiting"), "delivered": _("arrived"), "failed": _("given up")}
DELIVERY_TONES = {"waiting": "warn", "delivered": "good", "failed": "bad"}
ERROR_WORDS = {
    "timeout": _("no answer in time"),
    "forbidden_address": _("the address is not on the public internet"),
    "unknown_host": _("there is no such host"),
    "tls": _("the certificate is not valid"),
    "unreachable": _("no connection"),
    "broken_answer": _("the connection broke off"),
}


async def endpoint_page(
    request: AnyRequest,
    endpoint_id: UUID,
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
    values: Form | None = None,
) -> Response[str]:
    site, reader, form = site_of(request), reader_of(request), query_form(request)
    state = form.text("state")
    known = cast(Any, state) if state in DELIVERY_WORDS else None
    before = _uuid(form.text("before"))
    async with site.database.reading() as db:
        endpoint = await get_endpoint(db, endpoint_id)
        calls = await list_deliveries(db, endpoint_id, state=known, before=before, limit=PAGE + 1)
        return await desk_page(
            request,
            db,
            "desk/endpoint.html",
            section="integrations",
            status=status,
            endpoint=endpoint,
            calls=calls[:PAGE],
            older=calls[PAGE - 1].id if len(calls) > PAGE else None,
            state=known,
            kinds=in_language(KIND_WORDS, reader),
            ticked=[name.removesuffix(".*") for name in endpoint.events if name.endswith(".*")],
            names=" ".join(name for name in endpoint.events if not name.endswith(".*")),
            states=in_language(STATE_WORDS, reader),
            state_tones=STATE_TONES,
            delivery_words=in_language(DELIVERY_WORDS, reader),
            delivery_tones=DELIVERY_TONES,
            error_words=in_language(ERROR_WORDS, reader),
            errors=errors or {},
            typed=typed(values),
        )


@get("/settings/integrations/endpoints/{endpoint_id:uuid}", opt=READ)
async def endpoint(request: AnyRequest, endpoint_id: FromPath[UUID]) -> Response[str]:
    return await endpoint_page(request, endpoint_id)


@post("/settings/integrations/endpoints/{endpoint_id:uuid}", opt=WRITE)
async def save(request: AnyRequest, endpoint_id: FromPath[UUID]) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            await change_endpoint(
                db,
                endpoint_id,
                form.text("url", most=10_000),
                events=events_of(form),
                description=form.text("description", most=1000),
                active="active" in form,
                reach=reach_here(request),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        if error.field is None:
            raise
        errors = {f"endpoint.{error.field}": in_words(error, language_of(request))}
        return await endpoint_page(request, endpoint_id, errors=errors, status=error.status, values=form)
    return go(request, _here(endpoint_id), done=reader_of(request).text(_("Saved.")))


@post("/settings/integrations/endpoints/{endpoint_id:uuid}/secret", opt=WRITE)
async def new_secret(request: AnyRequest, endpoint_id: FromPath[UUID]) -> Response[Any]:
    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await rotate_secret(db, endpoint_id, actor=actor, now=now)

    done = _("There is a new secret. The old one signs beside it for a day.")
    return await changed(request, work, done, back=_here(endpoint_id))


@post("/settings/integrations/endpoints/{endpoint_id:uuid}/test", opt=READ)
async def test(request: AnyRequest, endpoint_id: FromPath[UUID]) -> Response[Any]:
    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await send_test(db, endpoint_id, actor=actor, now=now)

    return await changed(request, work, _("A test is on its way; it shows below."), back=_here(endpoint_id))


@post("/settings/integrations/endpoints/{endpoint_id:uuid}/remove", opt=WRITE)
async def remove(request: AnyRequest, endpoint_id: FromPath[UUID]) -> Response[Any]:
    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await remove_endpoint(db, endpoint_id, actor=actor, now=now)

    return await changed(request, work, _("Removed. It is not called any more."), back=HERE)


@post("/settings/integrations/endpoints/{endpoint_id:uuid}/replay", opt=READ)
async def replay_all(request: AnyRequest, endpoint_id: FromPath[UUID]) -> Response[Any]:
    """What was given up since a day is sent again."""
    site, reader, form = site_of(request), reader_of(request), await read_form(request)
    try:
        since = moment_of(form, "since", reader)
        if since is None:
            raise InvalidValue(field="since", expected=_("a day"))
        async with site.database.transaction() as db:
            actor, now = actor_of(request), site.clock.now()
            count = await replay_failed(db, endpoint_id, since=since, actor=actor, now=now)
    except KupecError as error:
        errors = {"replay.since": in_words(error, reader.language)}
        return await endpoint_page(request, endpoint_id, errors=errors, status=error.status, values=form)
    done = _("All that was given up since then is sent again.") if count else _("Nothing was given up since then.")
    return go(request, _here(endpoint_id), done=reader.text(done))


@post("/settings/integrations/deliveries/{delivery_id:uuid}/replay", opt=READ)
async def replay_one(request: AnyRequest, delivery_id: FromPath[UUID]) -> Response[Any]:
    site, reader = site_of(request), reader_of(request)
    async with site.database.transaction() as db:
        call = await replay_delivery(db, delivery_id, actor=actor_of(request), now=site.clock.now())
    return go(request, _here(call.endpoint_id), done=reader.text(_("It is sent again, under the same id.")))


def _here(endpoint_id: UUID) -> str:
    return f"{HERE}/endpoints/{endpoint_id}"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
