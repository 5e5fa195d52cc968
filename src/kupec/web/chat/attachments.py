"""Files that customers sent, given out so that nothing in them ever runs."""

from urllib.parse import quote

from litestar import Response


def attachment_answer(name: str, media_type: str, content: bytes) -> Response[bytes]:
    """A file to keep, never a page: whatever is in it, the browser neither guesses its kind nor runs it."""
    ascii_name = "".join(char if char.isascii() and (char.isalnum() or char in "._- ") else "_" for char in name)
    headers = {
        "Content-Disposition": f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=media_type, headers=headers)
