"""Pictures: what may be kept, and that a drawing can do nothing but be looked at."""

from hashlib import sha256

import pytest

from kupec.catalogue import UnfitPicture, get_media, store_media
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, NotFound
from tests.catalogue.goods import NOBODY, NOON, SETUP, event_names

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(20)
SVG = b"""<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10">
  <title>K\xc3\xa1va</title>
  <defs>
    <linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient><path id="p" d="M0 0h1"/>
    <style>.b { fill: url(#a); } .c { fill: url('#a') } .d { clip-path: url( "#a" ) }</style>
  </defs>
  <rect width="10" height="10" fill="url(#a)" style="stroke: url( '#a' )"/><use xlink:href="#p"/><use href="#p"/>
</svg>"""

BARE = SVG.partition(b"?>")[2]


def svg(inside: str, attributes: str = "") -> bytes:
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"'
    return f"<svg {names} {attributes}>{inside}</svg>".encode()


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (WEBP, "image/webp"),
        (SVG, "image/svg+xml"),
        (BARE, "image/svg+xml"),
    ],
)
async def test_a_picture_is_kept_as_it_is(db: Connection, data: bytes, content_type: str) -> None:
    name = await store_media(db, data, content_type, actor=SETUP, now=NOON)
    assert name == sha256(data).hexdigest()
    kept = await get_media(db, name)
    assert (kept.bytes, kept.content_type, kept.created_at) == (data, content_type, NOON)


async def test_the_same_picture_is_kept_once(db: Connection) -> None:
    first = await store_media(db, PNG, "image/png; charset=binary", actor=SETUP, now=NOON)
    assert await store_media(db, PNG, "image/png", actor=SETUP, now=NOON) == first
    assert await event_names(db) == ["media.stored"]


async def test_only_those_who_may(db: Connection) -> None:
    with pytest.raises(Forbidden):
        await store_media(db, PNG, "image/png", actor=NOBODY, now=NOON)


@pytest.mark.parametrize("name", ["0" * 64, "", "../../etc/passwd", "x" * 64, "é" * 64])
async def test_what_is_not_there(db: Connection, name: str) -> None:
    with pytest.raises(NotFound):
        await get_media(db, name)


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"", "image/png"),
        (JPEG, "image/png"),
        (b"GIF89a" + bytes(20), "image/gif"),
        (b"<html></html>", "text/html"),
        (SVG, "image/png"),
        (PNG, "image/svg+xml"),
        (PNG + bytes(5_000_000), "image/png"),
        (svg(f"<text>{'x' * 500_000}</text>"), "image/svg+xml"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "image/webp"),
    ],
    ids=["empty", "other", "gif", "html", "svg as png", "png as svg", "too large", "svg too large", "wave"],
)
async def test_what_is_no_picture_is_refused(db: Connection, data: bytes, content_type: str) -> None:
    with pytest.raises(UnfitPicture) as refusal:
        await store_media(db, data, content_type, actor=SETUP, now=NOON)
    assert refusal.value.field == "picture"


HARMFUL = [
    svg("<script>alert(1)</script>"),
    svg("<SCRIPT>alert(1)</SCRIPT>"),
    svg('<s:script xmlns:s="http://www.w3.org/2000/svg">alert(1)</s:script>'),
    svg('<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>'),
    svg('<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="x"/></foreignObject>'),
    svg('<a href="https://evil.example"><text>x</text></a>'),
    svg('<image href="https://evil.example/x.png"/>'),
    svg('<image href="data:image/svg+xml;base64,AAAA"/>'),
    svg('<use href="https://evil.example/x.svg#a"/>'),
    svg('<use x:href="//evil.example/x.svg#a"/>'),
    svg('<use href=" x.svg#a"/>'),
    svg('<animate attributeName="href" values="javascript:alert(1)"/>'),
    svg('<set attributeName="onload" to="alert(1)"/>'),
    svg("<rect/>", 'onload="alert(1)"'),
    svg('<rect onClick="alert(1)"/>'),
    svg('<rect fill="url(https://evil.example/x)"/>'),
    svg("<rect style=\"fill: url('//evil.example/x')\"/>"),
    svg('<rect style="fill: \\75 rl(x)"/>'),
    svg("<style>@import 'https://evil.example/x.css';</style>"),
    svg("<style>rect { fill: URL( x ) }</style>"),
    svg("<style>rect { background: image-set('x' 1x) }</style>"),
    svg("<style><![CDATA[rect { fill: url(x) }]]></style>"),
    b'<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + svg("<text>&a;</text>"),
    b'<?xml version="1.0"?><!DOCTYPE svg SYSTEM "http://evil.example/x.dtd">' + svg(""),
    b'<?xml-stylesheet href="https://evil.example/x.css"?>' + svg(""),
    b'<?xml version="1.0" encoding="utf-16"?>' + svg(""),
    b'<?xml version="1.0" encoding="utf-7"?>' + svg("+ADw-script+AD4-"),
    svg("<script/>").decode().encode("utf-16"),
    b'<html xmlns="http://www.w3.org/1999/xhtml"/>',
    b"<svg/>",
    svg("<rect>"),
    b"<svg xmlns='http://www.w3.org/2000/svg'>\xff</svg>",
    b"\0",
]


@pytest.mark.parametrize("data", HARMFUL, ids=range(len(HARMFUL)))
async def test_a_drawing_that_does_more_than_draw_is_refused(db: Connection, data: bytes) -> None:
    with pytest.raises(UnfitPicture):
        await store_media(db, data, "image/svg+xml", actor=SETUP, now=NOON)


async def test_a_deep_drawing_does_no_harm(db: Connection) -> None:
    depth = 30_000
    assert await store_media(db, svg("<g>" * depth + "</g>" * depth), "image/svg+xml", actor=SETUP, now=NOON)
