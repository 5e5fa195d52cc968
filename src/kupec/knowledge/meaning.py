"""How near a question is in meaning, where a sentence encoder is at hand (docs/encoder.md); else nothing of it runs."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from kupec.kit.encoder import Encoder
from kupec.knowledge.terms import Floats, Ints

_NEAREST: Final = 0.35
_MIDDLE: Final = 0.35
_WHOLE: Final = 0.3


class Encoded:
    """What an encoder has made of texts, kept from one index to the next."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._rows: dict[str, Floats] = {}
        self._asked: tuple[str, Floats] | None = None

    def rows(self, texts: Sequence[str]) -> Floats:
        """A row of length one for each text."""
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if new:
            self._rows.update(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._rows[text] for text in texts])

    def row(self, text: str) -> Floats:
        """Of a question, which is not kept; the last one is not made again."""
        asked = self._asked
        if asked is None or asked[0] != text:
            known = self._rows.get(text)
            asked = (text, self._encoder.encode([text])[0] if known is None else known)
            self._asked = asked
        return asked[1]

    def keep_only(self, texts: set[str]) -> None:
        self._rows = {text: row for text, row in list(self._rows.items()) if text in texts}


class Meanings:
    """The articles of one index: their questions by themselves, the middle of them, and the whole article."""

    def __init__(self, encoded: Encoded, questions: Sequence[str], wholes: Sequence[str], first: Ints) -> None:
        self._encoded = encoded
        self._first = first
        self._questions = encoded.rows(questions)
        self._wholes = encoded.rows(wholes)
        self._sums = np.add.reduceat(self._questions, first[:-1], axis=0)
        encoded.keep_only({*questions, *wholes})

    def alike(self, text: str, *, but: tuple[int, int] | None = None) -> Floats:
        """By article, 0 to 1; `but` is a question, and whose it is, that is taken away first."""
        row = self._encoded.row(text)
        near, whole = self._questions @ row, self._wholes @ row
        sums = self._sums
        if but is not None:
            question, owner = but
            near[question] = -1.0
            sums = sums.copy()
            sums[owner] -= self._questions[question]
        nearest = np.maximum.reduceat(near, self._first[:-1])
        middle = (sums @ row) / np.maximum(np.linalg.norm(sums, axis=1), 1e-9)
        if but is not None:  # the question stands in the whole, too
            whole[owner] = min(whole[owner], nearest[owner])
        alike: Floats = np.maximum(_NEAREST * nearest + _MIDDLE * middle + _WHOLE * whole, 0.0)
        return alike
