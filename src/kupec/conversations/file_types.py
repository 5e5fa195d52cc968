"""What a file is, by its first bytes: a short list of what is kept at all, and of what a page may show.

Nothing that a browser runs is on it: SVG and HTML are refused, whatever they call themselves.
"""

import zipfile
from io import BytesIO

ORIGINAL = "text/x-original-html"
"""A mail as it came, made safe: shown on a page of its own, never given out as a file."""
INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_FTYP = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
_OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_OPEN_DOCUMENTS = (
    b"application/vnd.oasis.opendocument.text",
    b"application/vnd.oasis.opendocument.spreadsheet",
)
_TEXTS = {"text/plain": "text/plain", "text/csv": "text/csv", "text/calendar": "text/calendar"}


def shown_inline(media_type: str) -> bool:
    """Whether a page may show it; everything else is only given out to be saved."""
    return media_type in INLINE


def media_type_of(content: bytes, declared: str) -> str | None:
    """What it truly is, or None for what is not kept. Only plain text is believed what it calls itself."""
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    if content[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(content[8:12])
    if content[4:8] == b"ftyp":
        return _FTYP.get(content[8:12], "video/mp4")
    if content.startswith(b"PK\x03\x04"):
        return _zipped(content)
    return _text(content, declared)


def _zipped(content: bytes) -> str | None:
    """Documents are kept; other archives, and documents with macros, are not."""
    try:
        names = zipfile.ZipFile(BytesIO(content)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return None
    for folder, media_type in _OFFICE.items():
        if "[Content_Types].xml" in names and any(name.startswith(folder) for name in names):
            return media_type
    head = content[:200]
    return next((kind.decode() for kind in _OPEN_DOCUMENTS if b"mimetype" + kind in head), None)


def _text(content: bytes, declared: str) -> str | None:
    media_type = _TEXTS.get(declared.partition(";")[0].strip().lower())
    if media_type is None or b"\x00" in content:
        return None
    try:
        content.decode()
    except UnicodeDecodeError:
        return None
    # It is given out as plain text only, but an older browser may guess.
    return None if content.lstrip()[:1] == b"<" else media_type
