"""Files that people send in forms."""

from typing import Any

from litestar import Request
from litestar.datastructures import UploadFile

from kupec.kit.errors import InvalidValue
from kupec.web.forms import Form


async def read_upload(request: Request[Any, Any, Any], field: str) -> tuple[Form, bytes, str]:
    """A form with a file: its other fields, the file's bytes and content type; no bytes where none was chosen."""
    pairs: list[tuple[str, str]] = []
    content, content_type = b"", ""
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            pairs.append((name, value))
        elif isinstance(value, UploadFile) and name == field and value.filename:
            content, content_type = await value.read(), value.content_type
    return Form(pairs), content, content_type


async def read_named_upload(request: Request[Any, Any, Any], field: str) -> tuple[Form, bytes, str]:
    """The same with the file's name, which is whatever somebody's browser says, in place of its type."""
    form, content, _type = await read_upload(request, field)
    file = (await request.form()).get(field)
    return form, content, file.filename if isinstance(file, UploadFile) else ""


def read_text(content: bytes, *, field: str) -> str:
    """A file that should be text, in UTF-8 or as spreadsheets of Central Europe write it. Raises InvalidValue."""
    for encoding in ("utf-8-sig", "cp1250"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidValue(field=field, expected="a text file in UTF-8")
