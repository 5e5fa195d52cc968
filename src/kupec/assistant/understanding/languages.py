"""Which of the shop's languages a text is in: characters and words against what the merchant has phrases in.

Naive Bayes over groups of 1 to 4 characters, with every phrase also without its accents, so that "kde mam zasilku" is
Czech. A short text changes nothing by itself: the conversation's language counts for as much as two dozen characters.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from kupec.kit.text import fold

_SIZES = (1, 2, 3, 4)
_LOYALTY = 24
"""How many characters a text must have before it weighs as much as the language spoken so far."""
_SURE = 2.0


class LanguageModel:
    """Log probabilities of character groups by language."""

    def __init__(self, weights: Mapping[str, Mapping[str, float]], unseen: Mapping[str, float]) -> None:
        self._weights = weights
        self._unseen = unseen

    def language_of(self, text: str, *, spoken: str) -> str:
        """The language of a text in a conversation that has been in `spoken` so far."""
        groups = _groups(text)
        if not groups or len(self._weights) < 2:
            return spoken
        total = sum(groups.values())
        scores = {
            language: sum(count * weights.get(group, self._unseen[language]) for group, count in groups.items()) / total
            for language, weights in self._weights.items()
        }
        length = len(fold(text))
        if spoken in scores:
            scores[spoken] += _SURE * math.exp(-length / _LOYALTY)
        return max(scores, key=lambda language: scores[language])


def train_languages(phrases: Sequence[tuple[str, str]]) -> LanguageModel:
    """From texts with their languages."""
    counted: dict[str, Counter[str]] = {}
    for text, language in phrases:
        counted.setdefault(language, Counter()).update(_groups(text))
        counted[language].update(_groups(fold(text)))
    kinds = len(set().union(*counted.values())) if counted else 0
    weights: dict[str, dict[str, float]] = {}
    unseen: dict[str, float] = {}
    for language, counts in counted.items():
        total = sum(counts.values()) + 0.5 * kinds
        weights[language] = {group: math.log((count + 0.5) / total) for group, count in counts.items()}
        unseen[language] = math.log(0.5 / total)
    return LanguageModel(weights, unseen)


def _groups(text: str) -> Counter[str]:
    plain = f" {' '.join(''.join(char if char.isalpha() else ' ' for char in text.casefold()).split())} "
    if not plain.strip():
        return Counter()
    return Counter(plain[start : start + size] for size in _SIZES for start in range(len(plain) - size + 1))
