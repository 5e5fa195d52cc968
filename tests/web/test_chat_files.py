"""Files in the chat: looked at before they are kept, and inert wherever they come out again."""

import zipfile
from collections.abc import AsyncIterator
from io import BytesIO
from urllib.parse import quote
from uuid import UUID

import pytest

from kupec.kit.db import Pool
from kupec.web.chat.attachments import attachment_answer
from kupec.web.chat.files import without_whereabouts
from tests.web.chatting import ChatShop, Panel, chat_shop

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
EXIF = b"\xff\xe1\x00\x0cExif\x00\x00GPS!"
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + EXIF + b"\xff\xda\x00\x02pixels\xff\xd9"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture
async def shop(pool: Pool, dsn: str, goods: dict[str, UUID]) -> AsyncIterator[ChatShop]:
    async with chat_shop(pool, dsn) as running:
        yield running


@pytest.fixture
async def panel(shop: ChatShop) -> Panel:
    panel = shop.panel()
    await panel.begin()
    return panel


def named(name: str, media_type: str, number: int = 1) -> dict[str, str]:
    return {"X_File_Name": quote(name), "X_Message_Id": f"file-{number:04}", "Content_Type": media_type}


def archive(name: str) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr(name, "x")
    return made.getvalue()


async def test_a_picture_goes_up_and_comes_down_to_be_saved(shop: ChatShop, panel: Panel) -> None:
    await panel.done("POST", "/files", PNG, **named("příliš žluťoučký.png", "image/png"))
    again = await panel.done("POST", "/files", PNG, **named("příliš žluťoučký.png", "image/png"))
    assert again["new"] is False
    (said,) = [one for one in await panel.messages() if one["from"] == "me"]
    (block,) = said["blocks"]
    assert (block["type"], block["name"], block["size"]) == ("file", "příliš žluťoučký.png", len(PNG))
    answer = await panel.client.get(block["url"])  # as a link does: without the token
    assert answer.content == PNG
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    value, _, mac = block["url"].rpartition(".")
    assert (await panel.client.get(f"{value}.{mac[:-2]}xx")).status_code == 404


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (SVG, "a.svg", "image/svg+xml"),
        (SVG, "a.png", "image/png"),
        (HTML, "a.html", "text/html"),
        (HTML, "a.txt", "text/plain"),
        (b"  \n<html>", "a.txt", "text/plain"),
        (b"<?xml version='1.0'?><x/>", "a.xml", "text/xml"),
        (b"MZ\x90\x00", "a.exe", "application/octet-stream"),
        (b"GIF8", "a.gif", "image/gif"),
        (archive("virus.exe"), "a.zip", "application/zip"),
        (archive("word/vbaProject.bin"), "a.docx", "application/octet-stream"),
        (b"", "empty.txt", "text/plain"),
        (b"\x00\x01", "a.txt", "text/plain"),
    ],
)
async def test_what_could_run_is_not_kept(panel: Panel, pool: Pool, content: bytes, name: str, media_type: str) -> None:
    answer = await panel.ask("POST", "/files", content, **named(name, media_type))
    assert (answer.status_code, answer.json()["code"]) == (415, "unfit_file")
    assert await pool.fetchval("select count(*) from attachment") == 0
    assert await pool.fetchval("select count(*) from message") == 0


async def test_a_file_is_limited_in_size_and_number(panel: Panel, pool: Pool, dsn: str) -> None:
    assert (
        await panel.ask("POST", "/files", PNG + b"x" * 10_002_000, **named("a.png", "image/png"))
    ).status_code == 413


async def test_an_inbox_may_take_none(pool: Pool, dsn: str, goods: dict[str, UUID]) -> None:
    async with chat_shop(pool, dsn, config={"files": False}) as shop:
        panel = shop.panel()
        assert (await panel.begin())["state"]["files"] is False
        answer = await panel.ask("POST", "/files", PNG, **named("a.png", "image/png"))
        assert (answer.status_code, answer.json()["code"]) == (403, "no_files")


async def test_a_photograph_does_not_say_where_it_was_taken(panel: Panel, pool: Pool) -> None:
    await panel.done("POST", "/files", JPEG, **named("a.jpg", "image/jpeg"))
    kept = await pool.fetchval("select content from attachment")
    assert b"GPS" not in kept
    assert b"pixels" in kept
    assert kept == JPEG.replace(EXIF, b"")


@pytest.mark.parametrize(
    "broken", [b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\x00\x00", b"\xff\xd8\xff\xe1\xff\xffx", JPEG[:30]]
)
def test_a_broken_photograph_stays_one(broken: bytes) -> None:
    assert without_whereabouts(broken)[:2] == b"\xff\xd8"


def test_a_name_cannot_leave_its_header() -> None:
    answer = attachment_answer('a"; filename=b.html\r\nSet-Cookie: x=1', "image/png", b"")
    said = answer.headers["Content-Disposition"]
    assert "\r" not in said
    assert "\n" not in said
    assert said.count('"') == 2
