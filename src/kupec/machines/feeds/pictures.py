"""Drawn pictures as PNG, for networks that take no SVG."""

import asyncio
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Final

import typst

from kupec.catalogue import get_media
from kupec.kit.db import Database

_KEPT: Final = 32
_PAGE: Final = """
#set page(width: 512pt, height: 512pt, margin: 24pt, fill: white)
#align(center + horizon, image("picture.svg", width: 100%, height: 100%, fit: "contain"))
"""
_made: OrderedDict[str, bytes] = OrderedDict()
_turn = asyncio.Semaphore(1)  # drawing keeps a core busy for a moment


async def drawn(database: Database, sha: str) -> bytes:
    """1024 by 1024 pixels on white. Raises NotFound, and ValueError for what is no drawing."""
    if sha in _made:
        _made.move_to_end(sha)
        return _made[sha]
    async with database.reading() as db:
        file = await get_media(db, sha)
    if file.content_type != "image/svg+xml":
        raise ValueError(file.content_type)
    async with _turn:
        made = await asyncio.to_thread(_draw, file.bytes)
    _made[sha] = made
    while len(_made) > _KEPT:
        _made.popitem(last=False)
    return made


def _draw(svg: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "picture.svg").write_bytes(svg)
        page = place / "page.typ"
        page.write_text(_PAGE)
        made: bytes = typst.compile(page, root=place, ignore_system_fonts=True, format="png", ppi=144.0)
    return made
