"""What a text is taken apart into: words, pairs of words, and groups of characters within words."""

import re
import unicodedata
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

from kupec.kit.text import fold

# Vowel signs of Indian and other scripts are no letters to `\w`, but stand within words.
_SIGNS = "".join(char for char in map(chr, range(0x300, 0x10000)) if unicodedata.category(char) in {"Mn", "Mc"})
_WORD = re.compile(rf"[\w{_SIGNS}]+")
_SHORTEST, _LONGEST = 2, 5
_READ = 4000
"""Characters of a text that count: what is longer is no question, and nobody may make the bot slow by it."""


class Apart(NamedTuple):
    """Grams in order, with repetitions. Words and pairs have a leading "\\x01", which sorts before the rest."""

    words: list[str]
    pairs: list[str]
    pieces: list[str]


def words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return _WORD.findall(fold(text))


def take_apart(text: str) -> Apart:
    """Words, pairs of neighbours, and 2 to 5 characters within a word and its margins."""
    found = words(text[:_READ])
    pieces = []
    for word in found:
        padded = f" {word} "
        for size in range(_SHORTEST, _LONGEST + 1):
            pieces += [padded[start : start + size] for start in range(max(len(padded) - size, 0) + 1)]
    return Apart(
        words=[f"\x01{word}" for word in found],
        pairs=[f"\x01{first} {second}" for first, second in pairwise(found)],
        pieces=pieces,
    )


def grams(text: str) -> Counter[str]:
    """All grams of a text, counted."""
    apart = take_apart(text)
    return Counter([*apart.words, *apart.pairs, *apart.pieces])
