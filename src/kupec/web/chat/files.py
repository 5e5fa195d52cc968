"""Files that a customer sends: looked at before they are kept, and given out again only to be saved."""

from typing import Any, Final
from urllib.parse import unquote

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.conversations import NewAttachment, Said, check_said, media_type_of, read_attachment
from kupec.kit.actor import system
from kupec.kit.errors import KupecError, NotFound
from kupec.web.chat.attachments import attachment_answer
from kupec.web.chat.gate import AnyRequest, chat_of, count
from kupec.web.chat.showing import file_of
from kupec.web.chat.talking import Word, let_answer, take
from kupec.web.rendering import site_of

LARGEST: Final = 10_000_000  # bytes
_UPLOADS: Final = 10  # a minute from one browser


class UnfitFile(KupecError):
    """Files of this kind cannot be sent here. We take pictures, PDF, documents, tables, plain text, sound and video."""

    status = 415
    code = "unfit_file"


class NoFiles(KupecError):
    """No files can be sent in this chat."""

    status = 403
    code = "no_files"


@post("/files", status_code=200, opt={"visitor": True}, request_max_body_size=LARGEST + 1000)
async def upload(request: AnyRequest) -> Response[dict[str, Any]]:
    """A file as the body; its name and the message's id stand in headers. What it is, its bytes say."""
    chat = chat_of(request)
    count(request, "chat-file", chat.visitor.hex, _UPLOADS)
    if not chat.config.files:
        raise NoFiles
    content = await request.body()
    name = unquote(request.headers.get("x-file-name", ""))[:200] or "file"
    declared = request.headers.get("content-type", "")
    if not content or media_type_of(content, declared) is None:
        raise UnfitFile(field="file")
    said = Said(id=request.headers.get("x-message-id", ""), text=name)
    check_said(said)
    file = NewAttachment(name=name, media_type=declared, content=without_whereabouts(content))
    taken = await take(request, Word(chat.inbox, chat.visitor, Said(id=said.id), (file,)))
    let_answer(request, taken.conversation_id)
    return Response({"id": taken.message_id.hex, "new": taken.is_new})


@get("/files/{signed:str}")
async def download(request: AnyRequest, signed: FromPath[str]) -> Response[bytes]:
    """A file, by an address that was given to a browser that may see it."""
    attachment_id = file_of(request, signed)
    if attachment_id is None:
        raise NotFound(what="file")
    async with site_of(request).database.reading() as db:
        file = await read_attachment(db, attachment_id, actor=system("chat"))
    return attachment_answer(file.name, file.media_type, file.content)


def without_whereabouts(content: bytes) -> bytes:
    """A JPEG without what a camera adds (where it was taken, by which telephone); anything else as it is."""
    if not content.startswith(b"\xff\xd8\xff"):
        return content
    kept, at = [content[:2]], 2
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != 0xDA:
        length = 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at + 1] not in (0xE1, 0xED, 0xFE):  # Exif and XMP, IPTC, comments
            kept.append(content[at : at + length])
        at += length
    return b"".join((*kept, content[at:]))
