"""Files that are handed out to be saved, never opened here: what is in them is not ours."""

from urllib.parse import quote

from litestar import Response


def saved(name: str, kind: str, content: bytes) -> Response[bytes]:
    """A file under its name, kept by nobody on the way."""
    headers = {
        "Content-Disposition": f"attachment; filename=\"file\"; filename*=UTF-8''{quote(name)}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=kind, headers=headers)
