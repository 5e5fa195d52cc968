"""Text as it is stored: what may not be kept is gone, and what names a person stands elsewhere under a mark.

`mask_sensitive` (conversations/sensitive.py) takes out numbers of cards, people and accounts for good. `mask` also puts
marks such as ⟦name:1⟧ where names, mail addresses, phone numbers and postal addresses stood; what they stand for is
kept apart (message_detail), so that forgetting somebody forgets it everywhere. docs/algorithms/masking.md explains.
"""

import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Literal

import msgspec

from kupec.conversations.personal_words import Span, addresses, emails, names, phones
from kupec.conversations.sensitive import mask_sensitive

DetailKind = Literal["name", "email", "phone", "address"]

_MARK = re.compile(r"⟦(name|email|phone|address):(\d+)⟧")
_ANY_MARK = re.compile(r"⟦(name|email|phone|address|card|national-id|account)(:\d+)?⟧")
_BRACKETS = str.maketrans({"⟦": "[", "⟧": "]"})
_NAME_PARTS = re.compile(r"[_+]|%20")
_START = attrgetter("start")


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """What a mark stands for."""

    mark: str
    kind: DetailKind
    value: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of who speaks: from their card, and the marks their conversation has already."""

    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    """Lines such as "Dlouhá 12"."""
    marks: Mapping[str, str] = {}
    """By mark, what it stands for."""


class Masked(msgspec.Struct, frozen=True, kw_only=True):
    """A text with marks, and what the marks that are new to the conversation stand for."""

    text: str
    details: tuple[Detail, ...] = ()


NOBODY = Known()


def mask(text: str, *, known: Known = NOBODY, ours: bool = False) -> Masked:
    """The text as it is stored. Pure. What stood in the conversation before gets the mark it had.

    `ours`: what the shop says, in which the account of a bank is its own and stays.
    """
    text = mask_sensitive(_without_foreign_marks(text, known.marks if ours else {}), accounts=not ours)
    spans = _apart(_found(text, known))
    if not spans:
        return Masked(text=text)
    marks = _Marks(known.marks)
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], marks.of(span.kind, text[span.start : span.end])]
        at = span.end
    return Masked(text="".join(parts) + text[at:], details=tuple(marks.new))


def mask_filename(name: str, *, known: Known = NOBODY) -> Masked:
    """The same for the name of a file, where an underscore stands for a space."""
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    spaced = _NAME_PARTS.sub(" ", stem)
    masked = mask(spaced, known=known)
    return (
        Masked(text=name) if masked.text == spaced else msgspec.structs.replace(masked, text=masked.text + dot + ending)
    )


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its marks filled; a mark of something that was forgotten stays."""
    return _MARK.sub(lambda found: values.get(found[0], found[0]), text) if "⟦" in text else text


def _without_foreign_marks(text: str, marks: Mapping[str, str]) -> str:
    """Nobody gets at somebody's details by typing a mark, not even at those of a conversation they are in."""
    if "⟦" not in text and "⟧" not in text:
        return text
    pieces, at = [], 0
    for found in _ANY_MARK.finditer(text):
        if found[2] is None or found[0] in marks:
            pieces += [text[at : found.start()].translate(_BRACKETS), found[0]]
            at = found.end()
    return "".join(pieces) + text[at:].translate(_BRACKETS)


def _found(text: str, known: Known) -> Iterator[Span]:
    """What names a person, the surest first."""
    yield from (Span(found.start(), found.end(), "kept") for found in _MARK.finditer(text))
    yield from emails(text)
    yield from phones(text, known.phones)
    yield from addresses(text, known.addresses)
    yield from names(text, known.names)


def _apart(spans: Iterable[Span]) -> list[Span]:
    """In their order in the text, without those that overlap a surer one."""
    taken: list[Span] = []
    for span in spans:
        place = bisect(taken, span.start, key=_START)
        if (not place or taken[place - 1].end <= span.start) and (
            place == len(taken) or span.end <= taken[place].start
        ):
            taken.insert(place, span)
    return [span for span in taken if span.kind != "kept"]


class _Marks:
    """Gives marks: the same to the same words, the next number to new ones."""

    def __init__(self, before: Mapping[str, str]) -> None:
        self.new: list[Detail] = []
        self._by_value = {(_kind(mark), value.casefold()): mark for mark, value in before.items()}
        self._last: dict[str, int] = {}
        for mark in before:
            if found := _MARK.fullmatch(mark):
                self._last[found[1]] = max(self._last.get(found[1], 0), int(found[2]))

    def of(self, kind: str, value: str) -> str:
        mark = self._by_value.get((kind, value.casefold()))
        if mark is None:
            self._last[kind] = self._last.get(kind, 0) + 1
            mark = f"⟦{kind}:{self._last[kind]}⟧"
            self._by_value[kind, value.casefold()] = mark
            self.new.append(msgspec.convert({"mark": mark, "kind": kind, "value": value}, Detail))
        return mark


def _kind(mark: str) -> str:
    return mark.strip("⟦⟧").partition(":")[0]
