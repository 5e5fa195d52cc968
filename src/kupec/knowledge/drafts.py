"""What the readers of files hand on: an article, or why there is none, with the place where it stands."""

import re
from collections.abc import Iterator

import msgspec

from kupec.kit.text import fold
from kupec.knowledge.models import ArticleDraft

_NOT_IN_SLUGS = re.compile(r"[^a-z0-9]+")
_LONGEST_SLUG = 80


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One article of a file: `draft`, or the `problem` with it. `place` is a line or a row, counted from 1."""

    place: int
    code: str
    draft: ArticleDraft | None = None
    problem: str = ""


def slug_of(title: str) -> str:
    """A title as an address: "Kolik stojí doprava?" is "kolik-stoji-doprava"."""
    words = _NOT_IN_SLUGS.sub("-", fold(title)).strip("-")
    return words[:_LONGEST_SLUG].strip("-") or "article"


def codes_apart(reads: list[Read]) -> Iterator[Read]:
    """Articles that would have the same code are told so, all but the first."""
    seen: set[str] = set()
    for read in reads:
        if read.draft is not None and read.code in seen:
            yield Read(place=read.place, code=read.code, problem="another article of this file has the same code")
        else:
            seen.add(read.code)
            yield read
