"""What a text is taken apart into: words, pairs of words, and groups of characters within words."""

import re
from collections import Counter
from itertools import pairwise

from kupec.kit.text import fold

_WORD = re.compile(r"\w+")
_SHORTEST, _LONGEST = 2, 5


def words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return _WORD.findall(fold(text))


def grams(text: str) -> Counter[str]:
    """Words and pairs of words (marked with a leading "\\x01"), and 2 to 5 characters within a word and its margins."""
    found = words(text)
    counted: Counter[str] = Counter(f"\x01{word}" for word in found)
    counted.update(f"\x01{first} {second}" for first, second in pairwise(found))
    for word in found:
        padded = f" {word} "
        for size in range(_SHORTEST, _LONGEST + 1):
            counted.update(padded[start : start + size] for start in range(max(len(padded) - size, 0) + 1))
    return counted
