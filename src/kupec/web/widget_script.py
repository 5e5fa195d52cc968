"""The chat for any site: `/widget.js` is the button, `/widget/panel.js` and `/widget/more.js` come when needed.

Each is made of the modules in static/js/widget, without what only readers of the source need.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from kupec.kit.i18n import LANGUAGES
from kupec.web.static import STATIC
from kupec.web.widget_words import words_of

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "button": ("make", "button_style", "button"),
    "panel": ("made", "build", "style", "talk", "show", "panel"),
    "more": ("made", "more_style", "more"),
}
_IMPORT: Final = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?!const methods)", re.MULTILINE)
_COMMENT: Final = re.compile(r"^\s*// .*\n", re.MULTILINE)
_INDENT: Final = re.compile(r"^ +|(?<=[{;,\n])\n", re.MULTILINE)
_RULES: Final = re.compile(r"(const CSS = `)(.*?)(`;)", re.DOTALL)
_GAPS: Final = re.compile(r"\s*([{};,])\s*|(?<=:)\s+")
_KEPT: Final = 300  # seconds: a merchant's change of release is everywhere soon
_FOREVER: Final = 31_536_000


class Script(msgspec.Struct, frozen=True):
    plain: bytes
    zipped: bytes
    tag: str


@cache
def script() -> Script:
    """The button, with its words in every language and the name of this release of all parts."""
    parts = [part(name, language).tag for name in ("panel", "more") for language in LANGUAGES]
    source = _source("button")
    tag = _tag("".join((source, *parts)))
    words = _json({language: words_of("button", language) for language in LANGUAGES})
    return _made(f'(()=>{{"use strict";const TAG="{tag}",WORDS={words};\n{source}}})();\n', tag)


@cache
def part(name: str, language: str) -> Script:
    """A part that is loaded on demand, a module, in one language."""
    source = f"const WORDS={_json(words_of(name, language))};\n{_source(name)}"
    return _made(source, _tag(source))


def widget_address() -> str:
    """Where our own pages load it from: another address with every change of it."""
    return f"/widget.js?v={script().tag}"


@get("/widget.js", sync_to_thread=False, include_in_schema=False)
def widget(request: Request[None, None, State]) -> Response[bytes]:
    return _answer(request, script())


@get("/widget/{name:str}", sync_to_thread=False, include_in_schema=False)
def widget_part(request: Request[None, None, State], name: FromPath[str]) -> Response[bytes]:
    if name not in ("panel.js", "more.js"):
        raise NotFoundException
    asked = request.query_params.get("lang", "")
    return _answer(request, part(name.removesuffix(".js"), asked if asked in LANGUAGES else "en"))


def _answer(request: Request[None, None, State], made: Script) -> Response[bytes]:
    headers = {
        "Cache-Control": f"public, max-age={_FOREVER if request.query_params.get('v') == script().tag else _KEPT}",
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


def _source(name: str) -> str:
    parts = [(STATIC / "js" / "widget" / f"{one}.js").read_text() for one in PARTS[name]]
    bare = [_EXPORT.sub("", _IMPORT.sub("", _COMMENT.sub("", one))) for one in parts]
    return _INDENT.sub("", "".join(_RULES.sub(_tight, one) for one in bare))


def _tight(rules: re.Match[str]) -> str:
    """Rules of style without the space that only readers need; a selector's own space stays."""
    return rules[1] + _GAPS.sub(lambda found: found[1] or "", rules[2]) + rules[3]


def _json(words: Mapping[str, object]) -> str:
    return msgspec.json.encode(words).decode().replace("<", "\\u003c")


def _tag(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def _made(source: str, tag: str) -> Script:
    plain = source.encode()
    return Script(plain, gzip.compress(plain, mtime=0), tag)
