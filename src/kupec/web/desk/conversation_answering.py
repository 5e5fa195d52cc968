"""Answering: what somebody at the desk writes goes out on the leg they chose, or stays in the house as a note."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from kupec import conversations
from kupec.conversations import (
    Conversation,
    NewAttachment,
    Text,
    conversation_lock,
    get_conversation,
    note,
    read_attachment,
    resolve,
    say,
    take_over,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.web.desk.conversation_canned import canned_text, note_used
from kupec.web.desk.conversation_composing import Overtaken, composer_of, overtaking
from kupec.web.desk.gate import actor_of, staff_of
from kupec.web.desk.inbox import WRITE, back_to, inbox_page
from kupec.web.desk.mentions import called, colleagues
from kupec.web.desk.page import in_words, reader_of
from kupec.web.forms import Form
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.saving import saved

LARGEST = 25_000_000  # bytes, all files of one answer together
_MOST_FILES = 10
_LONGEST = 20_000


class _Overtaken(Exception):
    """A colleague has answered meanwhile."""

    def __init__(self, by: Overtaken) -> None:
        self.by = by
        super().__init__()


@post("/inbox/{conversation_id:uuid}/answer", opt=WRITE, request_max_body_size=LARGEST + 100_000)
async def answer(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    """Send an answer or keep a note. What cannot be sent comes back as it was typed."""
    site = site_of(request)
    form, files = await _read(request)
    mode = "note" if form.text("mode") == "note" else "answer"
    text, do = form.prose("text", most=_LONGEST), form.text("do")
    if do == "canned":
        return await _again(request, conversation_id, form, mode, text, canned=form.text("canned"))
    try:
        async with site.database.transaction() as db:
            if mode == "note":
                await _note(request, db, conversation_id, text)
            else:
                await _send(request, db, conversation_id, form, text, files, and_resolve=do == "resolve")
    except _Overtaken as error:
        return await _again(request, conversation_id, form, mode, text, overtaken=error.by, status=409)
    except KupecError as error:
        if isinstance(error, NotFound):
            raise
        words = in_words(error, language_of(request)) if error.field else explain(error, language_of(request))
        return await _again(request, conversation_id, form, mode, text, error=words, status=error.status)
    return back_to(request, conversation_id)


async def _note(request: AnyRequest, db: Connection, conversation_id: UUID, text: str) -> None:
    """Keep a note, and call to it whose names stand after an @."""
    now, actor = site_of(request).clock.now(), actor_of(request)
    kept = await note(db, conversation_id, text, actor=actor, now=now)
    if whom := called(text, await colleagues(db)):
        # The verb's module has the same name: reached by the room, not by its path.
        await conversations.note_mentions(db, kept.id, whom, actor=actor, now=now)


async def _send(
    request: AnyRequest,
    db: Connection,
    conversation_id: UUID,
    form: Form,
    text: str,
    files: list[NewAttachment],
    *,
    and_resolve: bool,
) -> None:
    """Take the conversation over where the bot holds it, and say it. Raises _Overtaken, InvalidValue, WindowClosed."""
    now, actor, me = site_of(request).clock.now(), actor_of(request), staff_of(request).id
    if not text and not files:
        raise InvalidValue(field="text", expected=_("a few words"))
    found = await conversation_lock(db, [conversation_id])
    if not found:
        raise NotFound(what="conversation")
    one = found[0]
    seen = form.whole("seen", least=0, most=2**31 - 1, default=one.next_number)
    if by := await overtaking(db, one, seen, me, reader_of(request)):
        raise _Overtaken(by)
    if one.holder == "bot" or one.assignee is None:
        await take_over(db, conversation_id, actor=actor, now=now)
    leg = form.uuid("leg") if form.text("leg") else None
    blocks = [Text(text=text)] if text else []
    await say(db, conversation_id, blocks, author=str(actor), leg_id=leg, attachments=files, actor=actor, now=now)
    await note_used(db, form.all("used")[:20], staff_of(request))
    if and_resolve:
        await resolve(db, conversation_id, actor=actor, now=now)


async def _again(
    request: AnyRequest,
    conversation_id: UUID,
    form: Form,
    mode: str,
    text: str,
    *,
    error: str = "",
    overtaken: Overtaken | None = None,
    canned: str = "",
    status: int = 200,
) -> Response[Any]:
    """The page with what was typed still in its field."""
    async with site_of(request).database.reading() as db:
        one: Conversation = await get_conversation(db, conversation_id)
        reader = reader_of(request)
        if canned:
            more = await canned_text(db, one, canned, staff_of(request), site_of(request).settings.shop_name)
            text = f"{text}\n{more}".strip()
        leg = form.uuid("leg") if form.text("leg") else None
        composer = await composer_of(db, one, reader, leg=leg, mode=mode, text=text, error=error, overtaken=overtaken)
        return await inbox_page(request, db, one, composer=composer, status=status)


async def _read(request: AnyRequest) -> tuple[Form, list[NewAttachment]]:
    """The fields, and every file that was chosen."""
    pairs: list[tuple[str, str]] = []
    files: list[NewAttachment] = []
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            pairs.append((name, value))
        elif isinstance(value, UploadFile) and name == "file" and value.filename and len(files) < _MOST_FILES:
            content = await value.read()
            files.append(NewAttachment(name=value.filename, media_type=value.content_type, content=content))
    return Form(pairs), files


@get("/inbox/{conversation_id:uuid}/files/{attachment_id:uuid}", opt={"permission": "conversations.read"})
async def file(request: AnyRequest, conversation_id: FromPath[UUID], attachment_id: FromPath[UUID]) -> Response[bytes]:
    """A file of this conversation, to be saved, never opened here: what is in it is not ours."""
    async with site_of(request).database.reading() as db:
        found = await read_attachment(db, attachment_id, actor=actor_of(request))
    if found.conversation_id != conversation_id:
        raise NotFound(what="file")
    return saved(found.name, "application/octet-stream", found.content)


routes = (answer, file)
