"""An encoder that knows the rows it has made: an evaluation asks for the same texts several times."""

from collections.abc import Sequence

import numpy as np

from kupec.kit.encoder import Encoder, Rows


class Remembering:
    """The same rows under the same name, each made once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._rows: dict[str, Rows] = {}

    @property
    def name(self) -> str:
        return self._encoder.name

    @property
    def dimensions(self) -> int:
        return self._encoder.dimensions

    def encode(self, texts: Sequence[str]) -> Rows:
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if new:
            self._rows.update(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._rows[text] for text in texts]) if texts else self._encoder.encode([])
