"""Playbooks: scenarios the merchant writes for the team, and practising them against a customer who is not there."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.conversations import (
    NewPlaybook,
    Playbook,
    finish_practice,
    get_playbook,
    get_practice,
    list_playbooks,
    practices_of,
    practise,
    remove_playbook,
    save_playbook,
    start_practice,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import LANGUAGES, explain
from kupec.kit.i18n import mark as _
from kupec.staff import staff_names
from kupec.web.desk.gate import actor_of, staff_of
from kupec.web.desk.inbox_playbook_text import read_steps, steps_text
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.forms import Form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

HERE = "/desk/inbox/playbooks"
PRACTISE = {"permission": "conversations.write"}
MANAGE = {"permission": "settings.write"}
_RESULTS = 30


@get("/inbox/playbooks", opt=PRACTISE)
async def playbooks(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, None)


@get("/inbox/playbooks/new", opt=MANAGE)
async def new(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, None, writing=True)


@post("/inbox/playbooks", opt=MANAGE)
async def make(request: AnyRequest) -> Response[Any]:
    return await _save(request, None)


@get("/inbox/playbooks/{playbook_id:uuid}", opt=PRACTISE)
async def playbook(request: AnyRequest, playbook_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, await get_playbook(db, playbook_id))


@post("/inbox/playbooks/{playbook_id:uuid}", opt=MANAGE)
async def change(request: AnyRequest, playbook_id: FromPath[UUID]) -> Response[Any]:
    return await _save(request, playbook_id)


@post("/inbox/playbooks/{playbook_id:uuid}/remove", opt=MANAGE)
async def remove(request: AnyRequest, playbook_id: FromPath[UUID]) -> Response[Any]:
    site = site_of(request)
    try:
        async with site.database.transaction() as db:
            await remove_playbook(db, playbook_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, HERE, failed=explain(error, language_of(request)))
    return go(request, HERE, done=reader_of(request).text(_("The playbook is removed.")))


async def _save(request: AnyRequest, playbook_id: UUID | None) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        written = NewPlaybook(
            code=form.text("code").lower(),
            title=form.text("title"),
            language=form.text("language"),
            summary=form.prose("summary"),
            persona=form.prose("persona"),
            steps=read_steps(form.prose("steps", most=80_000)),
            active="active" in form,
        )
        async with site.database.transaction() as db:
            kept = await save_playbook(
                db, written, playbook_id=playbook_id, actor=actor_of(request), now=site.clock.now()
            )
    except KupecError as error:
        field = (error.field or "").split("[")[0]
        words = in_words(error, language_of(request)) if isinstance(error, InvalidValue) else None
        async with site.database.reading() as db:
            one = await get_playbook(db, playbook_id) if playbook_id else None
            errors = {field: words or explain(error, language_of(request))}
            return await _page(request, db, one, writing=True, form=form, errors=errors, status=error.status)
    return go(request, f"{HERE}/{kept.id}", done=reader_of(request).text(_("The playbook is kept.")))


async def _page(
    request: AnyRequest,
    db: Connection,
    one: Playbook | None,
    *,
    writing: bool = False,
    form: Form | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    me = staff_of(request)
    manages = me.actor.may("settings.write")
    mine = None if manages else me.id
    results = await practices_of(db, staff_id=mine, playbook_id=one.id, limit=_RESULTS, actor=me.actor) if one else []
    return await desk_page(
        request,
        db,
        "desk/inbox/playbooks.html",
        section="inbox",
        status=status,
        rows=await list_playbooks(db, active_only=not manages, actor=me.actor),
        one=one,
        writing=writing,
        form=form,
        errors=errors or {},
        steps=steps_text(one.steps) if one else "",
        results=results,
        names=await staff_names(db, sorted({each.staff_id for each in results})) if results else {},
        spoken=LANGUAGES,
    )


# --- practising ----------------------------------------------------------------------------------


@post("/inbox/playbooks/{playbook_id:uuid}/practise", opt=PRACTISE)
async def begin(request: AnyRequest, playbook_id: FromPath[UUID]) -> Response[Any]:
    """The customer says their first words."""
    site = site_of(request)
    async with site.database.transaction() as db:
        begun = await start_practice(db, playbook_id, actor=actor_of(request), now=site.clock.now())
    return go(request, f"/desk/inbox/practice/{begun.id}")


@get("/inbox/practice/{practice_id:uuid}", opt=PRACTISE)
async def practice(request: AnyRequest, practice_id: FromPath[UUID]) -> Response[str]:
    return await _practice(request, practice_id)


@post("/inbox/practice/{practice_id:uuid}", opt=PRACTISE)
async def reply(request: AnyRequest, practice_id: FromPath[UUID]) -> Response[Any]:
    """An answer to the customer, or the end before the last step."""
    site, form = site_of(request), await read_form(request)
    actor, now = actor_of(request), site.clock.now()
    target = f"/desk/inbox/practice/{practice_id}"
    try:
        async with site.database.transaction() as db:
            if form.text("do") == "end":
                await finish_practice(db, practice_id, actor=actor, now=now)
            else:
                await practise(db, practice_id, form.prose("answer", most=20_000), actor=actor, now=now)
    except InvalidValue as error:
        return await _practice(request, practice_id, error=in_words(error, language_of(request)), status=error.status)
    except KupecError as error:
        return go(request, target, failed=explain(error, language_of(request)))
    return go(request, target)


async def _practice(request: AnyRequest, practice_id: UUID, *, error: str = "", status: int = 200) -> Response[str]:
    async with site_of(request).database.reading() as db:
        run = await get_practice(db, practice_id, actor=actor_of(request))
        return await desk_page(
            request,
            db,
            "desk/inbox/practice.html",
            section="inbox",
            status=status,
            run=run,
            playbook=await get_playbook(db, run.playbook_id),
            mine=run.staff_id == staff_of(request).id,
            error=error,
        )


routes = (playbooks, new, make, playbook, change, remove, begin, practice, reply)
