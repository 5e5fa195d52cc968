"""What a file is, by its bytes: a short list is kept, nothing that runs in a browser is on it."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.conversations import NewAttachment, attachments_of, read_attachment, shown_inline, take_in
from kupec.conversations.attaching import LARGEST, MOST, sort_out
from kupec.conversations.file_types import media_type_of
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, NotFound
from tests.conversations.paper import letter, paper_inbox
from tests.conversations.people import add_agent
from tests.shop import NOON, SETUP

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
PNG = b"\x89PNG\r\n\x1a\n..."


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def word(**more: bytes) -> bytes:
    return zipped(**{"[Content_Types].xml": b"", "word/document.xml": b"", **more})


@pytest.mark.parametrize(
    ("content", "declared", "wanted"),
    [
        (PNG, "image/svg+xml", "image/png"),
        (b"\xff\xd8\xff\xe0", "", "image/jpeg"),
        (b"GIF89a", "", "image/gif"),
        (b"RIFF....WEBPVP8", "", "image/webp"),
        (b"%PDF-1.7", "text/html", "application/pdf"),
        (b"OggS", "", "audio/ogg"),
        (b"....ftypisom", "", "video/mp4"),
        (b"name;price\n", "text/csv; charset=utf-8", "text/csv"),
        ("Dobrý den".encode(), "text/plain", "text/plain"),
        (word(), "", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (SVG, "image/svg+xml", None),
        (SVG, "image/png", None),
        (SVG, "text/plain", None),
        (HTML, "text/html", None),
        (HTML, "text/plain", None),
        (b"  \n<html>", "text/plain", None),
        (b"MZ\x90", "application/octet-stream", None),
        (b"#!/bin/sh", "", None),
        (zipped(a=b"x"), "application/zip", None),
        (word(**{"word/vbaProject.bin": b""}), "", None),
        (b"PK\x03\x04 broken", "", None),
        ("Dobrý".encode("utf-16"), "text/plain", None),
        (b"", "", None),
    ],
)
def test_what_it_is(content: bytes, declared: str, wanted: str | None) -> None:
    assert media_type_of(content, declared) == wanted


@given(
    st.binary(max_size=200), st.sampled_from(["", "text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"])
)
def test_nothing_that_a_page_would_run_is_shown(content: bytes, declared: str) -> None:
    found = media_type_of(content, declared)
    assert found is None or found.startswith(("image/", "audio/", "video/", "application/pdf", "application/vnd."))
    assert not shown_inline("image/svg+xml")
    assert not shown_inline("text/html")


def test_names_cannot_lead_anywhere() -> None:
    (kept,) = sort_out([NewAttachment(name="../../etc/\x00pass\nwd.png", media_type="", content=PNG)])
    assert kept.name == ".._.._etc_ pass wd.png"


async def test_what_is_refused_leaves_its_name_and_why(db: Connection) -> None:
    inbox = await paper_inbox(db)
    files = [
        NewAttachment(name="jana@example.com.png", media_type="image/png", content=PNG),
        NewAttachment(name="drawing.svg", media_type="image/svg+xml", content=SVG),
        NewAttachment(name="long.pdf", media_type="application/pdf", content=b"%PDF-" + b"x" * LARGEST),
        *(NewAttachment(name=f"{at}.png", media_type="image/png", content=PNG) for at in range(MOST)),
    ]
    (taken,) = await take_in(db, [letter(inbox, "Look", attachments=tuple(files))], now=NOON)
    found = (await attachments_of(db, [taken.message_id]))[taken.message_id]

    assert [one.refused for one in found] == [None, "type", "size", *[None] * 7, *["number"] * 3]
    assert "@" not in found[0].name
    row = await db.fetchrow("select content, error from message")
    assert row is not None
    assert [block["type"] for block in row["content"]] == ["text", *["file"] * 8]
    assert row["error"] == "refused:type"
    assert await db.fetchval("select count(*) from attachment where content is null") == 5
    assert (await read_attachment(db, found[0].id, actor=await add_agent(db))).content == PNG
    with pytest.raises(NotFound):
        await read_attachment(db, found[1].id, actor=SETUP)
    with pytest.raises(Forbidden):
        await read_attachment(db, found[0].id, actor=await add_agent(db, role="warehouse"))
