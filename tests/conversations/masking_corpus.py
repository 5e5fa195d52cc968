"""The corpus of what people write to shops, and how well masking does on it; `python -m bench masking` prints it."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from kupec.conversations import Known, mask

CORPUS = Path(__file__).parents[1] / "data/masking_corpus.txt"
_SPAN = re.compile(r"\[\[([a-z-]+)\|(.*?)\]\]")
_MARK = re.compile(r"⟦([a-z-]+)(?::\d+)?⟧")
KINDS = ("card", "national-id", "account", "name", "email", "phone", "address")


@dataclass(frozen=True)
class Line:
    language: str
    known: Known
    text: str
    marked: str
    """The text with marks where they must stand."""
    kinds: tuple[str, ...]


def lines() -> Iterator[Line]:
    for raw in CORPUS.read_text(encoding="utf-8").splitlines():
        if raw and not raw.startswith("#"):
            language, name, written = raw.split("\t")
            yield Line(
                language=language,
                known=Known(names=() if name == "-" else (name,)),
                text=_SPAN.sub(lambda found: found[2], written),
                marked=_SPAN.sub(lambda found: f"⟦{found[1]}⟧", written),
                kinds=tuple(found[1] for found in _SPAN.finditer(written)),
            )


@dataclass
class Score:
    """By kind: how many there are, how many were found, how many marks stand where none should."""

    there: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)

    def recall(self, kind: str) -> float:
        return self.found[kind] / self.there[kind]


def measure(language: str | None = None) -> Score:
    score = Score()
    for line in lines():
        if language is None or line.language == language:
            _judge(line, mask(line.text, known=line.known).text, score)
    return score


def _judge(line: Line, masked: str, score: Score) -> None:
    score.there.update(line.kinds)
    plain = _MARK.sub(lambda found: f"⟦{found[1]}⟧", masked)
    if plain == line.marked:
        score.found.update(line.kinds)
        return
    score.missed.append(f"{line.text}\n   {plain}")
    wanted, got = Counter(line.kinds), Counter(_MARK.findall(plain))
    for kind in wanted | got:
        score.found[kind] += min(wanted[kind], got[kind]) if _hidden(line, plain, kind) else 0
        score.false[kind] += max(0, got[kind] - wanted[kind])


def _hidden(line: Line, plain: str, kind: str) -> bool:
    """Whether none of the words that had to go is still to be read."""
    spans = [words for place, words in _spans(line) if place == kind]
    return all(words not in plain for words in spans)


def _spans(line: Line) -> Iterator[tuple[str, str]]:
    pieces = re.split(r"⟦[a-z-]+⟧", line.marked)
    at = 0
    for kind, (before, after) in zip(line.kinds, pairwise(pieces), strict=True):
        at += len(before)
        end = line.text.index(after, at) if after else len(line.text)
        yield kind, line.text[at:end]
        at = end
