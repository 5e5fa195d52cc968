"""`/knowledge.js`: the shop's answers as a web component that any site may load."""

import hashlib
from functools import cache

from litestar import Request, Response, get
from litestar.datastructures import State

from kupec.web.static import static_files

_NAME = "js/knowledge.js"


@cache
def _tag() -> str:
    return hashlib.sha256(static_files()[_NAME].plain).hexdigest()[:16]


@get("/knowledge.js", sync_to_thread=False, include_in_schema=False)
def knowledge_script(request: Request[None, None, State]) -> Response[bytes]:
    """The script, under an address that stays."""
    headers = {
        "Cache-Control": "public, max-age=300",
        "ETag": f'"{_tag()}"',
        "Vary": "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(b"", status_code=304, headers=headers)
    file = static_files()[_NAME]
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(file.zipped, media_type="text/javascript", headers=headers)
    return Response(file.plain, media_type="text/javascript", headers=headers)
