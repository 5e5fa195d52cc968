"""Which goods a text names, bent, mistyped or cut short: "dvě kávy brazilie santos" is Brazílie Santos.

A name counts by its telling words: each weighs by how few other names carry it. A word of the text stands for a word of
a name when it is the same, its beginning up to the ending, or a letter away from it.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import msgspec

from kupec.assistant.understanding.grams import words

_STEM: Final = 4
_PREFIX: Final = 3
_LONGEST: Final = 60
"""Words of a text that are looked up."""
_ENOUGH: Final = 0.6
"""So much of a name's weight must be said."""
_APART: Final = 0.1
"""By so much the best must be better than the next."""
_BESIDES: Final = 0.5
"""So much of what was said of the best may words of other names weigh: "filters for a Philips" is not "Filters"."""
_FEW: Final = 4
"""Words of a text that may be nothing but a name."""
_COMMON: Final = 1_000
"""A word of more names than these finds none by itself; it only adds to what another word has found."""
_BENT: Final = 0.9
_MISTYPED: Final = 0.8
_CODE: Final = re.compile(r"[^a-z0-9]")


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """`key` is what the goods were given under (a SKU); `share` of the name that was said, 0 to 1."""

    key: str
    name: str
    share: float


class Goods:
    """Names of goods made ready to be found, several a key if they have several (one a language)."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        self._names = list(names)
        self._keys = {_CODE.sub("", key.casefold()): key for key, _name in self._names}
        self._said = [list(dict.fromkeys(words(name))) for _key, name in self._names]
        self._at: dict[str, list[int]] = defaultdict(list)
        for place, said in enumerate(self._said):
            for word in said:
                self._at[word].append(place)
        self._beginning: dict[str, list[str]] = defaultdict(list)
        for word in self._at:
            self._beginning[word[:_PREFIX]].append(word)
        self._weight = {word: math.log(1 + len(self._names) / len(places)) for word, places in self._at.items()}
        self._whole = [sum(self._weight[word] for word in said) for said in self._said]

    def find(self, text: str, *, best: int = 3) -> list[Named]:
        """What is named, what was said of it the most first; a SKU that is said counts whole."""
        told = self._by_key(text)
        if told is not None:
            return [told]
        meant: dict[str, float] = {}
        for said in dict.fromkeys(words(text)[:_LONGEST]):
            for word, nearness in self._meant(said):
                meant[word] = max(meant.get(word, 0.0), nearness)
        heard: dict[int, dict[str, float]] = defaultdict(dict)
        for word in sorted(meant, key=lambda one: len(self._at[one])):
            places = self._at[word]
            few = places if len(places) <= _COMMON else [place for place in heard if word in self._said[place]]
            for place in few:
                heard[place][word] = meant[word]
        shares: dict[str, Named] = {}
        for place, found in heard.items():
            share = sum(self._weight[word] * nearness for word, nearness in found.items()) / self._whole[place]
            key, name = self._names[place]
            if share >= _ENOUGH and (key not in shares or shares[key].share < share):
                shares[key] = Named(key=key, name=name, share=min(share, 1.0))
        return sorted(shares.values(), key=lambda one: (-one.share, one.key))[:best]

    def named(self, text: str) -> Named | None:
        """The one that is meant without doubt, None where it might be another."""
        found = self.find(text, best=2)
        if not found or (len(found) > 1 and found[0].share - found[1].share < _APART):
            return None
        return found[0] if self._by_key(text) is not None or self._is_all(text, found[0].name) else None

    def is_all_names(self, text: str) -> bool:
        """Whether a text of few words has none that is not from the names of goods."""
        said = words(text)
        return 0 < len(said) <= _FEW and all(self._meant(word) for word in said)

    def _is_all(self, text: str, name: str) -> bool:
        """Whether little else of the catalogue is spoken of than this name."""
        of_name, mine, others = set(words(name)), 0.0, 0.0
        for said in dict.fromkeys(words(text)[:_LONGEST]):
            meant = self._meant(said)
            told = [self._weight[word] * nearness for word, nearness in meant if word in of_name]
            mine += max(told, default=0.0)
            others += 0.0 if told else max((self._weight[word] * nearness for word, nearness in meant), default=0.0)
        return others <= mine * _BESIDES

    def _by_key(self, text: str) -> Named | None:
        for token in text.split()[:_LONGEST]:
            key = self._keys.get(_CODE.sub("", token.casefold())) if any(map(str.isdigit, token)) else None
            if key is not None:
                name = next(name for one, name in self._names if one == key)
                return Named(key=key, name=name, share=1.0)
        return None

    def _meant(self, said: str) -> list[tuple[str, float]]:
        """The words of names that a word stands for, and how nearly."""
        if said in self._at:
            return [(said, 1.0)]
        if len(said) < _STEM:
            return []
        found = []
        for word in self._beginning.get(said[:_PREFIX], ()):
            shared = _shared(said, word)
            if shared >= max(_STEM, min(len(said), len(word)) - 2) and abs(len(said) - len(word)) < _PREFIX:
                found.append((word, _BENT))
            elif len(said) > _STEM and _is_a_letter_away(said, word):
                found.append((word, _MISTYPED))
        return found


def _shared(left: str, right: str) -> int:
    """How many letters two words begin alike with."""
    alike = (place for place, (one, other) in enumerate(zip(left, right, strict=False)) if one != other)
    return next(alike, min(len(left), len(right)))


def _is_a_letter_away(left: str, right: str) -> bool:
    """One letter other, more or less, or two neighbours swapped."""
    if abs(len(left) - len(right)) > 1:
        return False
    start = _shared(left, right)
    ends = (left[start + 1 :], right[start + 1 :])
    swapped = left[start + 2 :] == right[start + 2 :] and left[start : start + 2] == right[start : start + 2][::-1]
    return swapped or ends[0] == ends[1] or left[start:] == ends[1] or ends[0] == right[start:]
