"""The small markup of a message: paragraphs, lists, and links, in plain text that cannot break a page.

Empty lines set paragraphs apart; lines that begin with "- " are a list. {name} is replaced by what it names; a list of
things on a line of its own becomes a list. {link:key words} is a link; alone in its paragraph it is shown as a button.
A line that names something which has no value is left out, so that a text may speak of what only some messages know.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

_PIECE = re.compile(r"\{(link:[a-z_]+|[a-z_]+)(?: ([^{}\n]+))?\}")

Value = str | Sequence[str]


class Inline(msgspec.Struct, frozen=True, kw_only=True):
    """A run of text; `href` where it is a link."""

    text: str
    href: str = ""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A paragraph of lines, the items of a list, or one link as a button."""

    kind: Literal["paragraph", "list", "button"]
    lines: list[list[Inline]]


def names_in(text: str) -> list[str]:
    """What its brackets name, links as "link:key"."""
    return [found[1] for found in _PIECE.finditer(text)]


def strange_in(text: str, allowed: Sequence[str]) -> bool:
    """Whether brackets stand in it that name nothing in `allowed`, or are not closed."""
    rest = _PIECE.sub("", text)
    worded = any(found[2] and not found[1].startswith("link:") for found in _PIECE.finditer(text))
    return "{" in rest or "}" in rest or worded or any(name not in allowed for name in names_in(text))


def one_line(text: str, values: Mapping[str, Value]) -> str:
    """A subject with what its brackets name; what has no value is left out."""
    return " ".join(_PIECE.sub(lambda found: _plain(values.get(found[1], "")), text).split())


def blocks(text: str, values: Mapping[str, Value]) -> list[Block]:
    """The body, with what its brackets name."""
    found = []
    for part in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip()):
        found += list(_blocks_of([line.strip() for line in part.split("\n") if line.strip()], values))
    return found


def _blocks_of(lines: Sequence[str], values: Mapping[str, Value]) -> Iterator[Block]:
    kind: Literal["paragraph", "list"] = "paragraph"
    gathered: list[list[Inline]] = []
    for line in lines:
        if any(not values.get(name) for name in names_in(line)):
            continue
        item = line.startswith("- ")
        listed = _only_list(line.removeprefix("- "), values)
        now: Literal["paragraph", "list"] = "list" if item or listed is not None else "paragraph"
        if now != kind and gathered:
            yield Block(kind=kind, lines=gathered)
            gathered = []
        kind = now
        if listed is None:
            gathered.append(_inlines(line[2:] if item else line, values))
        else:
            gathered += [[Inline(text=one)] for one in listed]
    if gathered:
        alone = kind == "paragraph" and len(gathered) == 1 and len(gathered[0]) == 1 and gathered[0][0].href
        yield Block(kind="button" if alone else kind, lines=gathered)


def _only_list(line: str, values: Mapping[str, Value]) -> Sequence[str] | None:
    found = _PIECE.fullmatch(line)
    value = values.get(found[1]) if found else None
    return None if value is None or isinstance(value, str) else value


def _inlines(line: str, values: Mapping[str, Value]) -> list[Inline]:
    made, at = [], 0
    for found in _PIECE.finditer(line):
        if found.start() > at:
            made.append(Inline(text=line[at : found.start()]))
        value = _plain(values[found[1]])
        is_link = found[1].startswith("link:")
        made.append(Inline(text=found[2] or value, href=value) if is_link else Inline(text=value))
        at = found.end()
    if at < len(line):
        made.append(Inline(text=line[at:]))
    return made


def _plain(value: Value) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def as_text(found: Sequence[Block]) -> str:
    """The blocks as plain text; a link's address stands behind its words."""
    parts = []
    for block in found:
        mark = "- " if block.kind == "list" else ""
        parts.append("\n".join(mark + "".join(_written(run) for run in line) for line in block.lines))
    return "\n\n".join(parts)


def _written(run: Inline) -> str:
    return run.text if not run.href or run.href == run.text else f"{run.text}: {run.href}"
