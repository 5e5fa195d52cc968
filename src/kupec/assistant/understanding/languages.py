"""Which language a text is in, whether it carries its accents or not.

A linear model over groups of 1 to 4 characters and whole words, all without accents, and over what accents there are:
so "kde mam zasilku" is Czech, and a text is nothing the more Slovak for being typed without them. Its weights are the
margins that tell languages apart, and how likely each part is in each. It has learnt from lists of everyday words that
come with Kupec (`vocabulary/languages`) and from the merchant's own phrases. A short text changes nothing by itself:
the language spoken so far stands until there is enough to say otherwise.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from kupec.assistant.understanding.descent import fit
from kupec.assistant.understanding.errors import UnreadableModel
from kupec.assistant.understanding.storing import pack, unpack
from kupec.assistant.understanding.vocabulary import language_lists
from kupec.kit.text import fold

Matrix = npt.NDArray[np.float32]

_SIZES: Final = (1, 2, 3, 4)
_LONGEST: Final = 240
"""Characters that are read: nobody changes the language after that."""
_LOYALTY: Final = 24
"""So many characters weigh a third of what a message of none does for the language spoken so far."""
_SURE: Final = 8.0
_PRIOR: Final = {"sk": -0.8}
"""What could be either is Czech rather than Slovak: twice as many people write it."""
_NO_WORDS: Final = re.compile(r"\S*[\d@/]\S*")
"""Numbers of orders, addresses of pages and mail."""
_SMOOTHED: Final = 0.1
_TEMPERATURE: Final = 2.0
_SHARE: Final = 0.5
"""What the likelihoods weigh beside the margins."""
_PIECE: Final = 6
"""Words: long texts are also learnt from in pieces as short as what people write."""


class _Told(msgspec.Struct, frozen=True):
    """What a stored model says of its numbers; `rows` are the parts in the order of their rows."""

    speaks: list[str]
    languages: list[str]
    rows: list[str]


def _priors(languages: Sequence[str]) -> Matrix:
    return np.array([_PRIOR.get(one, 0.0) for one in languages], dtype=np.float32)


class LanguageModel:
    """`speaks` are the languages it answers with; it may know others, which then say nothing."""

    def __init__(
        self,
        languages: Sequence[str],
        rows: Mapping[str, int],
        weights: Matrix,
        bias: Matrix,
        likely: Matrix,
        speaks: Sequence[str],
    ) -> None:
        self.speaks = tuple(speaks)
        self._rows = rows
        kept = [place for place, language in enumerate(languages) if language in speaks]
        self._languages = [languages[place] for place in kept]
        self._weights = np.ascontiguousarray(weights[:, kept])
        self._likely = np.ascontiguousarray(likely[:, kept])
        self._bias = bias[kept] + _priors(self._languages)

    def language_of(self, text: str, *, spoken: str | None = None) -> str:
        """The language of a text in a conversation that has been in `spoken` so far."""
        scored = self._scored(text) if len(self._languages) > 1 else None
        if scored is None:
            return spoken or next(iter(self.speaks), "")
        if spoken in self._languages:
            scored[self._languages.index(spoken)] += _SURE * math.exp(-len(text) / _LOYALTY)
        return self._languages[int(scored.argmax())]

    def probabilities(self, text: str) -> dict[str, float]:
        """How likely each language is by the text alone; nothing where there is no letter in it."""
        scored = self._scored(text)
        if scored is None:
            return {}
        raised = np.exp((scored - scored.max()) / _TEMPERATURE)
        return dict(zip(self._languages, (raised / raised.sum()).tolist(), strict=True))

    def dump(self) -> bytes:
        """The model as bytes; the same model gives the same ones."""
        told = _Told(speaks=list(self.speaks), languages=self._languages, rows=list(self._rows))
        arrays = {
            "weights": self._weights.astype(np.float16),
            "bias": self._bias - _priors(self._languages),
            "likely": self._likely.astype(np.float16),
        }
        return pack(told, arrays)

    @classmethod
    def load(cls, data: bytes) -> "LanguageModel":
        """What `dump` wrote. Raises UnreadableModel."""
        told, arrays = unpack(data, _Told)
        if arrays.keys() != {"weights", "bias", "likely"}:
            raise UnreadableModel(reason="it has other parts than a model of languages")
        rows = {part: row for row, part in enumerate(told.rows)}
        weights, likely = arrays["weights"].astype(np.float32), arrays["likely"].astype(np.float32)
        return cls(told.languages, rows, weights, arrays["bias"], likely, told.speaks)

    def _scored(self, text: str) -> Matrix | None:
        rows = self._rows
        parts = [(rows[part], count) for part, count in _parts(text[:_LONGEST]).items() if part in rows]
        if not parts:
            return None
        places, counts = np.array(parts, dtype=np.int64).T
        values = 1 + np.log(counts, dtype=np.float32)
        scored: Matrix = (values / np.sqrt(values @ values)) @ self._weights[places] + self._bias
        scored += _SHARE * (counts.astype(np.float32) @ self._likely[places]) / np.sqrt(np.float32(counts.sum()))
        return scored


def train_languages(phrases: Sequence[tuple[str, str]]) -> LanguageModel:
    """From texts with their languages, beside the lists that come with Kupec; it answers with these languages."""
    speaks = sorted({language for _, language in phrases})
    if len(speaks) < 2:
        nothing = np.zeros((0, len(speaks)), dtype=np.float32)
        return LanguageModel(speaks, {}, nothing, np.zeros(len(speaks), dtype=np.float32), nothing, speaks)
    return _trained([*_listed(), *_cut(phrases)], speaks)


@cache
def built_in_languages() -> LanguageModel:
    """What is known without a single phrase of the merchant's: the languages that Kupec has lists of."""
    return _trained(_listed(), sorted(language_lists()))


def _listed() -> list[tuple[str, str]]:
    told = [(line, language) for language, lines in language_lists().items() for line in lines]
    return _cut(told)


def _cut(texts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each text, and its pieces where it is a long one."""
    pieces = list(texts)
    for text, language in texts:
        said = text.split()
        if len(said) > _PIECE:
            pieces.extend((" ".join(said[at : at + _PIECE]), language) for at in range(0, len(said), _PIECE))
    return pieces


def _parts(text: str) -> Counter[str]:
    """Groups of characters ("\\x00" and "\\x01" mark words and accents), counted."""
    spelled = "".join(char if char.isalpha() else " " for char in _NO_WORDS.sub(" ", text.casefold()))
    return Counter(chain.from_iterable(map(_parts_of, spelled.split())))


@lru_cache(maxsize=4096)
def _parts_of(word: str) -> tuple[str, ...]:
    folded = word if word.isascii() else fold(word)
    padded = f" {folded} "
    parts = [f"\x00{folded}"]
    for size in _SIZES:
        parts.extend([padded[start : start + size] for start in range(len(padded) - size + 1)])
    if folded != word:
        marked = f" {word} "
        for place, char in enumerate(marked):
            if not char.isascii():
                parts += (f"\x01{char}", f"\x01{marked[place - 1 : place + 1]}", f"\x01{marked[place : place + 2]}")
    return tuple(parts)


def _weighed(parts: Mapping[str, int], rows: Mapping[str, int]) -> tuple[list[int], list[float]]:
    """The rows a text touches and by how much; all together of length one."""
    found = [(rows[part], 1 + math.log(count)) for part, count in parts.items() if part in rows]
    length = math.sqrt(sum(value * value for _, value in found)) or 1.0
    return [row for row, _ in found], [value / length for _, value in found]


def _trained(texts: Sequence[tuple[str, str]], speaks: Sequence[str]) -> LanguageModel:
    """Logistic regression, every text twice: as it is written and without its accents."""
    languages = sorted({language for _, language in texts})
    both = [*texts, *((fold(text), language) for text, language in texts if not text.isascii())]
    counted = [_parts(text) for text, _ in both]
    rows = {part: row for row, part in enumerate(sorted(set().union(*counted)))}
    starts: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    kept: list[int] = []
    for parts, (_, language) in zip(counted, both, strict=True):
        if parts:
            found, weights = _weighed(parts, rows)
            starts.append(len(columns))
            columns.extend(found)
            values.extend(weights)
            kept.append(languages.index(language))
    learnt, bias = fit(
        np.array(starts),
        np.array(columns),
        np.array(values, dtype=np.float32),
        np.array(kept),
        features=len(rows),
        classes=len(languages),
    )
    return LanguageModel(languages, rows, learnt, bias, _likelihoods(texts, rows, languages), speaks)


def _likelihoods(texts: Sequence[tuple[str, str]], rows: Mapping[str, int], languages: Sequence[str]) -> Matrix:
    """How much likelier each part is in a language than in all of them, without accents; nothing for the accents."""
    counted = np.zeros((len(rows), len(languages)))
    for text, language in texts:
        place = languages.index(language)
        for part, count in _parts(fold(text)).items():
            counted[rows[part], place] += count
    plain = np.array([[not part.startswith("\x01")] for part in rows])
    shares = (counted + _SMOOTHED) / (counted.sum(axis=0) + _SMOOTHED * plain.sum())
    likely: Matrix = ((np.log(shares) - np.log(shares).mean(axis=1, keepdims=True)) * plain).astype(np.float32)
    return likely
