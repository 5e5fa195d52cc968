"""Ready-made replies: texts the team uses again and again, by language, with variables."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.conversations import CannedReply, NewCanned, list_canned, remove_canned, save_canned
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError, NotFound
from kupec.kit.i18n import LANGUAGES, explain
from kupec.kit.i18n import mark as _
from kupec.web.desk.conversation_canned import VARIABLES
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

HERE = "/desk/inbox/replies"
READ = {"permission": "conversations.read"}
WRITE = {"permission": "conversations.write"}


@get("/inbox/replies", opt=READ)
async def replies(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, None, opened=False)


@get("/inbox/replies/new", opt=WRITE)
async def new(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, None, opened=True)


@post("/inbox/replies", opt=WRITE)
async def make(request: AnyRequest) -> Response[Any]:
    return await _save(request, None)


@get("/inbox/replies/{canned_id:uuid}", opt=READ)
async def reply(request: AnyRequest, canned_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, await _one(request, db, canned_id), opened=True)


@post("/inbox/replies/{canned_id:uuid}", opt=WRITE)
async def change(request: AnyRequest, canned_id: FromPath[UUID]) -> Response[Any]:
    return await _save(request, canned_id)


@post("/inbox/replies/{canned_id:uuid}/remove", opt=WRITE)
async def remove(request: AnyRequest, canned_id: FromPath[UUID]) -> Response[Any]:
    site = site_of(request)
    try:
        async with site.database.transaction() as db:
            await remove_canned(db, canned_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, HERE, failed=explain(error, language_of(request)))
    return go(request, HERE, done=reader_of(request).text(_("The reply is removed.")))


async def _save(request: AnyRequest, canned_id: UUID | None) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        written = NewCanned(
            shortcut=form.text("shortcut").lower().lstrip("/"),
            title=form.text("title"),
            texts={language: text for language in LANGUAGES if (text := form.prose(f"texts.{language}", most=10_000))},
        )
        async with site.database.transaction() as db:
            saved = await save_canned(db, written, canned_id=canned_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        if isinstance(error, NotFound):
            raise
        words = in_words(error, language_of(request)) if error.code == "invalid_value" else None
        errors = {error.field or "": words or explain(error, language_of(request))}
        async with site.database.reading() as db:
            one = await _one(request, db, canned_id) if canned_id else None
            return await _page(request, db, one, opened=True, form=form, errors=errors, status=error.status)
    return go(request, f"{HERE}/{saved.id}", done=reader_of(request).text(_("The reply is kept.")))


async def _one(request: AnyRequest, db: Connection, canned_id: UUID) -> CannedReply:
    """Raises NotFound."""
    found = await list_canned(db, actor=actor_of(request))
    one = next((each for each in found if each.id == canned_id), None)
    if one is None:
        raise NotFound(what="reply")
    return one


async def _page(
    request: AnyRequest,
    db: Connection,
    one: CannedReply | None,
    *,
    opened: bool,
    form: Form | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    query = query_form(request).text("q", most=10_000)[:200]
    return await desk_page(
        request,
        db,
        "desk/inbox/replies.html",
        section="inbox",
        status=status,
        rows=await list_canned(db, query=query, actor=actor_of(request)),
        q=query,
        one=one,
        opened_record=opened,
        form=form,
        errors=errors or {},
        variables=VARIABLES,
    )


routes = (replies, new, make, reply, change, remove)
