"""`/widget.js`: the panel as one script that any site may load, made of the modules in static/js/widget."""

import gzip
import hashlib
import re
from functools import cache
from typing import Final

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State

from kupec.web.static import STATIC
from kupec.web.widget_words import words_of_all

PARTS: Final = ("build", "style", "talk", "show", "panel")
_IMPORT: Final = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT: Final = re.compile(r"^export ", re.MULTILINE)
_COMMENT: Final = re.compile(r"^\s*// .*\n", re.MULTILINE)
_INDENT: Final = re.compile(r"^ +", re.MULTILINE)
_KEPT: Final = 300  # seconds: a merchant's change of release is everywhere soon
_FOREVER: Final = 31_536_000


class Script(msgspec.Struct, frozen=True):
    plain: bytes
    zipped: bytes
    tag: str


@cache
def script() -> Script:
    """The modules as one, without what only readers of the source need."""
    parts = [(STATIC / "js" / "widget" / f"{name}.js").read_text() for name in PARTS]
    source = "".join(_EXPORT.sub("", _IMPORT.sub("", _COMMENT.sub("", part))) for part in parts)
    words = msgspec.json.encode(words_of_all()).decode().replace("<", "\\u003c")
    whole = _INDENT.sub("", f'(()=>{{"use strict";const WORDS={words};\n{source}}})();\n').encode()
    return Script(whole, gzip.compress(whole, mtime=0), hashlib.sha256(whole).hexdigest()[:16])


def widget_address() -> str:
    """Where our own pages load it from: another address with every change of it."""
    return f"/widget.js?v={script().tag}"


@get("/widget.js", sync_to_thread=False, include_in_schema=False)
def widget(request: Request[None, None, State]) -> Response[bytes]:
    made = script()
    headers = {
        "Cache-Control": f"public, max-age={_FOREVER if request.query_params.get('v') == made.tag else _KEPT}",
        "ETag": f'"{made.tag}"',
        "Vary": "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(b"", status_code=304, headers=headers)
    body = made.plain
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = made.zipped
    return Response(body, media_type="text/javascript", headers=headers)
