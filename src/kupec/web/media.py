"""Pictures, addressed by the hash of what they are: kept by browsers for good."""

from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from kupec.catalogue import get_media
from kupec.web.site import Site

_SHA256_HEX = 64
_TYPES = frozenset({"image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/avif", "image/gif"})


@get("/media/{sha:str}", include_in_schema=False)
async def media(request: Request[Any, Any, Any], sha: FromPath[str]) -> Response[bytes]:
    """A picture. An SVG may draw and nothing else: opened by itself it stands in a sandbox without scripts."""
    site: Site = request.app.state.site
    if len(sha) != _SHA256_HEX or set(sha) - set("0123456789abcdef"):
        raise NotFoundException
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "ETag": f'"{sha}"',
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(b"", status_code=304, headers=headers)
    async with site.database.reading() as db:
        file = await get_media(db, sha)
    kind = file.content_type if file.content_type in _TYPES else "application/octet-stream"
    return Response(file.bytes, media_type=kind, headers=headers)
