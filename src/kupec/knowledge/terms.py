"""What texts are compared by: stems and pieces of words, as numbers. Accents do not count."""

from collections import Counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kupec.catalogue import STOP_WORDS, stem, words

Ints = NDArray[Any]
Floats = NDArray[Any]

SHORTEST_PIECE: Final = 2
LONGEST_PIECE: Final = 5
LONGEST_QUERY: Final = 300
_LONGEST_TEXT: Final = 6000


def stems_of(text: str, language: str) -> list[str]:
    """The stems of its words, those that mean nothing by themselves left out unless there are no others."""
    spoken = words(text[:_LONGEST_TEXT])
    stop = STOP_WORDS.get(language, frozenset())
    return [stem(word, language) for word in spoken if word not in stop] or [stem(word, language) for word in spoken]


def piece_terms(text: str, _language: str) -> list[str]:
    """Every run of two to five letters, begun and ended words told apart: what misspellings leave alone."""
    found = []
    for word in words(text[:_LONGEST_TEXT]):
        held = f" {word} "
        for size in range(SHORTEST_PIECE, LONGEST_PIECE + 1):
            if len(held) <= size:
                found.append(held)
                break
            found.extend(held[start : start + size] for start in range(len(held) - size + 1))
    return found


class Counted:
    """How often which term stands in a text."""

    __slots__ = ("terms", "times")

    def __init__(self, terms: Ints, times: Floats) -> None:
        self.terms = terms
        self.times = times


class Vocabulary:
    """Numbers for terms; texts that were counted once are not counted again. Only ever grows: old indexes go on."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._counted: dict[str, Counted] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def count(self, text: str, terms: list[str]) -> Counted:
        """The terms of a text that is kept; unknown ones get numbers."""
        known = self._counted.get(text)
        if known is None:
            numbers = self._numbers
            tally = Counter(terms)
            for term in tally:
                if term not in numbers:
                    numbers[term] = len(numbers)
            ids = np.fromiter((numbers[term] for term in tally), np.int32, len(tally))
            known = Counted(ids, np.fromiter(tally.values(), np.float32, len(tally)))
            self._counted[text] = known
        return known

    def known(self, text: str) -> Counted | None:
        return self._counted.get(text)

    def look_up(self, terms: list[str]) -> Counted:
        """The terms of a question: those nobody knows are number -1 each."""
        tally = Counter(terms)
        ids = np.fromiter((self._numbers.get(term, -1) for term in tally), np.int32, len(tally))
        return Counted(ids, np.fromiter(tally.values(), np.float32, len(tally)))

    def keep_only(self, texts: set[str]) -> None:
        """Forget what was counted of texts that stand nowhere any more."""
        self._counted = {text: counted for text, counted in list(self._counted.items()) if text in texts}
