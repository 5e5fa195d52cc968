"""Stylesheets, scripts and icons: read once, addressed by their content's hash, kept by browsers for good."""

import gzip
import hashlib
import mimetypes
from functools import cache
from pathlib import Path

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

STATIC = Path(__file__).parent / "static"
_FOREVER = "public, max-age=31536000, immutable"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class StaticFile(msgspec.Struct, frozen=True):
    content_type: str
    plain: bytes
    zipped: bytes


@cache
def static_files() -> dict[str, StaticFile]:
    """Every static file by its path below `static/`; the sheets of a folder `css/shop/` are one, `css/shop.css`."""
    found: dict[str, bytes] = {}
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            name = path.relative_to(STATIC).as_posix()
            if path.suffix == ".css":
                name = f"{path.parent.relative_to(STATIC).as_posix()}.css"
            found[name] = found.get(name, b"") + path.read_bytes()
    return {name: _static_file(name, plain) for name, plain in found.items()}


def _static_file(name: str, plain: bytes) -> StaticFile:
    kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return StaticFile(kind, plain, gzip.compress(plain, mtime=0))


@cache
def static_version() -> str:
    """Changes whenever any static file does; modules import each other by relative path, so it is one for all."""
    digest = hashlib.sha256()
    for name, file in static_files().items():
        digest.update(f"{name}\n{len(file.plain)}\n".encode())
        digest.update(file.plain)
    return digest.hexdigest()[:12]


@cache
def asset(name: str) -> str:
    """The address of a static file. Raises KeyError for one that does not exist, so a typo fails in tests."""
    if name not in static_files():
        raise KeyError(name)
    return f"/static/{static_version()}/{name}"


@get("/static/{version:str}/{name:path}", sync_to_thread=False, include_in_schema=False)
def static_file(request: Request[None, None, State], version: FromPath[str], name: FromPath[Path]) -> Response[bytes]:
    file = static_files().get(name.as_posix().lstrip("/"))
    if file is None:
        raise NotFoundException
    # An address of another release is answered with what there is now, but not remembered.
    caching = _FOREVER if version == static_version() else "no-cache"
    headers = {"Cache-Control": caching, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    body = file.plain
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = file.zipped
    return Response(body, media_type=file.content_type, headers=headers)
