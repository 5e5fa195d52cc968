"""What people send in forms: taken as hostile text, handed on as values."""

from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Request
from litestar.exceptions import HTTPException

from kupec.kit.errors import InvalidValue

_MOST_FIELDS = 500
_URLENCODED = "application/x-www-form-urlencoded"


class Form:
    """The fields of a form, or of an address' query. A field that is missing reads as empty."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs
        self._first = dict(reversed(pairs))

    def __contains__(self, name: str) -> bool:
        return name in self._first

    @property
    def names(self) -> list[str]:
        """Every field's name, once."""
        return list(self._first)

    def text(self, name: str, *, most: int = 200) -> str:
        """A line of text, trimmed; control characters become spaces. Raises InvalidValue when longer than `most`."""
        text = clean(self._first.get(name, ""))
        if len(text) > most:
            raise InvalidValue(field=name, expected=f"at most {most} characters")
        return text

    def prose(self, name: str, *, most: int = 5000) -> str:
        """Text of several lines; tabs, as between the cells of a table, stay. Raises InvalidValue when longer."""
        lines = self._first.get(name, "").replace("\r\n", "\n").split("\n")
        text = "\n".join("\t".join(clean(cell) for cell in line.split("\t")) for line in lines).strip()
        if len(text) > most:
            raise InvalidValue(field=name, expected=f"at most {most} characters")
        return text

    def verbatim(self, name: str, *, most: int) -> str:
        """Text with its indentation; only control characters become spaces. Raises InvalidValue when longer."""
        lines = self._first.get(name, "").replace("\r\n", "\n").split("\n")
        text = "\n".join("".join(char if char.isprintable() else " " for char in line).rstrip() for line in lines)
        if len(text) > most:
            raise InvalidValue(field=name, expected=f"at most {most} characters")
        return text.strip("\n")

    def all(self, name: str) -> list[str]:
        """Every value of a field that may stand several times (checkboxes)."""
        return [clean(value) for key, value in self._pairs if key == name]

    def under(self, prefix: str, *, most: int = 1000) -> dict[str, str]:
        """The fields whose names begin with `prefix`, by the rest of their names. Raises InvalidValue."""
        return {
            name.removeprefix(prefix): self.text(name, most=most) for name in self._first if name.startswith(prefix)
        }

    def whole(self, name: str, *, least: int, most: int, default: int | None = None) -> int:
        """A whole number. An empty field is `default`, if there is one. Raises InvalidValue."""
        text = clean(self._first.get(name, ""))
        if not text and default is not None:
            return default
        if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 12 and least <= int(text) <= most:
            return int(text)
        raise InvalidValue(field=name, expected=f"{least}–{most}")

    def uuid(self, name: str) -> UUID:
        """An identifier. Raises InvalidValue."""
        try:
            return UUID(self._first.get(name, ""))
        except ValueError:
            raise InvalidValue(field=name, expected="an identifier") from None


async def read_form(request: Request[Any, Any, Any], *, most: int = _MOST_FIELDS) -> Form:
    """The form in the request's body, of at most so many fields.

    Answers 415 to anything but a plain form, 400 to one that cannot be read.
    """
    if request.content_type[0] != _URLENCODED:
        raise HTTPException(status_code=415, detail="Expected application/x-www-form-urlencoded.")
    return Form(_pairs(await request.body(), most))


def query_form(request: Request[Any, Any, Any]) -> Form:
    """The query of the address, read like a form."""
    return Form(_pairs(request.scope["query_string"]))


def clean(text: str) -> str:
    """One line: control characters and lone surrogates become spaces, the ends are trimmed."""
    return "".join(char if char.isprintable() else " " for char in text).strip()


def _pairs(body: bytes, most: int = _MOST_FIELDS) -> list[tuple[str, str]]:
    try:
        text = body.decode("utf-8", "replace")
        return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=most)
    except ValueError:
        raise HTTPException(status_code=400, detail="Too many fields.") from None
