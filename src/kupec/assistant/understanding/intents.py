"""Which of the merchant's intents a text means, how sure that is, and when it is none of them.

The model is a linear one over n-grams: its weights are the rows of one matrix, so that a text costs a dictionary lookup
a gram and one sum. What it is trained from is in `training.py`; numpy is all that is needed here.
"""

import io
import math
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from kupec.assistant.understanding.errors import UnreadableModel
from kupec.assistant.understanding.grams import grams

Matrix = npt.NDArray[np.float32]


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """An intent with its calibrated probability, 0 to 1."""

    intent: str
    probability: float


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a text means: the likeliest intents first, and whether it means any of them at all."""

    guesses: list[Guess] = []
    known: float = 0.0
    """The calibrated probability, 0 to 1, that the text is one of the model's intents."""
    is_known: bool = False
    """Whether `known` is above the model's threshold."""


class IntentModel:
    """Trained weights. `threshold` is the probability below which a text counts as not understood."""

    def __init__(
        self,
        classes: list[str],
        vocabulary: Mapping[str, int],
        weights: Matrix,
        bias: Matrix,
        *,
        idf: Matrix,
        temperature: float,
        threshold: float,
    ) -> None:
        self.classes = classes
        self.vocabulary = vocabulary
        self.weights = weights
        self.bias = bias
        self.idf = idf
        self.temperature = temperature
        self.threshold = threshold

    @classmethod
    def empty(cls) -> "IntentModel":
        """Knows nothing."""
        none = np.zeros(0, dtype=np.float32)
        return cls([], {}, np.zeros((0, 0), dtype=np.float32), none, idf=none, temperature=1.0, threshold=1.0)

    def scores(self, text: str) -> Matrix:
        """One margin a class."""
        rows, values = features(text, self.vocabulary, self.idf)
        if not rows:
            return self.bias
        scored: Matrix = np.asarray(values, dtype=np.float32) @ self.weights[rows] + self.bias
        return scored

    def read(self, text: str, *, best: int = 3) -> Reading:
        """What the text means; no guess where no part of it was ever seen."""
        if not self.classes or not any(gram in self.vocabulary for gram in grams(text)):
            return Reading()
        probabilities = softmax(self.scores(text) / self.temperature)
        order = np.argsort(-probabilities)[:best]
        guesses = [Guess(intent=self.classes[place], probability=float(probabilities[place])) for place in order]
        known = guesses[0].probability
        return Reading(guesses=guesses, known=known, is_known=known >= self.threshold)

    def guess(self, text: str, *, best: int = 3) -> list[Guess]:
        """The guesses of `read` alone."""
        return self.read(text, best=best).guesses

    def dump(self) -> bytes:
        """The model as bytes (numpy's npz; weights in half precision)."""
        told = {
            "classes": self.classes,
            "vocabulary": list(self.vocabulary),
            "temperature": self.temperature,
            "threshold": self.threshold,
        }
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            told=np.frombuffer(msgspec.json.encode(told), dtype=np.uint8),
            weights=self.weights.astype(np.float16),
            bias=self.bias,
            idf=self.idf,
        )
        return buffer.getvalue()

    @classmethod
    def load(cls, data: bytes) -> "IntentModel":
        """What `dump` wrote. Raises UnreadableModel."""
        try:
            return cls._loaded(data)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, msgspec.DecodeError) as error:
            raise UnreadableModel(reason=str(error)) from error

    @classmethod
    def _loaded(cls, data: bytes) -> "IntentModel":
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            told: dict[str, Any] = msgspec.json.decode(stored["told"].tobytes())
            weights = stored["weights"].astype(np.float32)
            bias, idf = stored["bias"], stored["idf"]
        vocabulary = {gram: row for row, gram in enumerate(told["vocabulary"])}
        return cls(
            told["classes"],
            vocabulary,
            weights,
            bias,
            idf=idf,
            temperature=told["temperature"],
            threshold=told["threshold"],
        )


def features(text: str, vocabulary: Mapping[str, int], idf: Matrix) -> tuple[list[int], list[float]]:
    """The rows a text touches, and their weights: 1 + log(count) times idf, each kind of gram of length one."""
    rows: list[int] = []
    values: list[float] = []
    halves = [0.0, 0.0]
    kinds: list[int] = []
    for gram, count in grams(text).items():
        row = vocabulary.get(gram)
        if row is None:
            continue
        value = (1 + math.log(count)) * float(idf[row])
        kind = int(gram[0] == "\x01")
        halves[kind] += value * value
        rows.append(row)
        values.append(value)
        kinds.append(kind)
    lengths = [math.sqrt(half) or 1.0 for half in halves]
    return rows, [value / lengths[kind] for value, kind in zip(values, kinds, strict=True)]


def softmax(scores: Matrix) -> Matrix:
    """Probabilities that add up to one, along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shared: Matrix = raised / raised.sum(axis=-1, keepdims=True)
    return shared
