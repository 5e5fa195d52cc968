"""What a sentence's meaning says about its intent, where an encoder is at hand: two judgements beside the words'.

One is linear, one asks the nearest phrases themselves. That one looks through a glass: rows are stretched so that
what differs within an intent counts little. How: docs/encoder.md.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kupec.assistant.understanding.errors import UnreadableModel

Matrix = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

SHARPNESS = 20.0
"""How fast a phrase counts less the further away it is."""
_AT_ONCE = 512


class Sensed(NamedTuple):
    """By text and class: margins of the row alone, nearness to the phrases, and margins of words and row as one."""

    margins: Matrix
    phrases: Matrix
    together: Matrix

    def signs(self, intents: int) -> Matrix:
        """What the rejector is told, by text: the best of each judgement, and what speaks for texts from outside."""
        inside = [judged[:, :intents].max(axis=1) for judged in self]
        outside = [judged[:, intents] for judged in self if judged.shape[1] > intents]
        return np.stack([*inside, *outside], axis=1)


class Sentences(NamedTuple):
    """What was learnt from encoded phrases. Classes without gaps; one behind the intents is for texts from outside."""

    centre: Matrix
    glass: Matrix
    """Dimensions by dimensions."""
    weights: Matrix
    """Dimensions by classes: what each direction of a row says for each class."""
    bias: Matrix
    phrases: Matrix
    """By dimensions, of length one, in the order of their classes."""
    counts: Places
    """How many phrases each class has; none has no phrase."""

    together: Matrix
    """Dimensions by classes: weights learnt along with those of the words (`intents.Meaning.words`)."""

    def sense(self, rows: Matrix, words: Matrix) -> Sensed:
        """Judge encoded texts; `words` are their margins under the weights that were learnt along with the rows'."""
        starts = range(0, max(len(rows), 1), _AT_ONCE)
        return joined([self._sense(*(part[at : at + _AT_ONCE] for part in (rows, words))) for at in starts])

    def _sense(self, rows: Matrix, words: Matrix) -> Sensed:
        seen = np.asarray((rows - self.centre) @ self.glass, dtype=np.float32)
        near = unit(seen) @ self.phrases.T
        starts = np.cumsum(self.counts) - self.counts
        weighed = np.add.reduceat(np.exp(SHARPNESS * (near - 1)), starts, axis=1) / self.counts
        return Sensed(
            margins=rows @ self.weights + self.bias,
            phrases=np.log(weighed + np.float32(1e-9)),
            together=words + rows @ self.together,
        )


def joined(parts: list[Sensed]) -> Sensed:
    """What was judged in parts."""
    return Sensed(*(np.concatenate(each) for each in zip(*parts, strict=True)))


_STORED = ("centre", "glass", "weights", "bias", "phrases", "together")


def stored(sentences: Sentences) -> dict[str, npt.NDArray[np.generic]]:
    """As arrays for a model's bytes: phrases, of which there are many, in half precision."""
    kept: dict[str, npt.NDArray[np.generic]] = {name: getattr(sentences, name) for name in _STORED}
    kept["phrases"] = sentences.phrases.astype(np.float16)
    kept["counts"] = sentences.counts.astype(np.int32)
    return {f"sentences {name}": array for name, array in kept.items()}


def restored(arrays: Mapping[str, npt.NDArray[Any]]) -> Sentences:
    """What `stored` made. Raises KeyError where a part is missing, UnreadableModel where they do not fit."""
    if "sentences middles" in arrays:
        arrays = {**arrays, **_of_middles(arrays)}
    parts = {name: arrays[f"sentences {name}"].astype(np.float32) for name in _STORED}
    made = Sentences(**parts, counts=arrays["sentences counts"].astype(np.int64))
    wide, classes = len(made.centre), len(made.counts)
    shapes = ((wide, wide), (wide, classes), (classes,), (int(made.counts.sum()), wide), (wide, classes))
    found = (made.glass.shape, made.weights.shape, made.bias.shape, made.phrases.shape, made.together.shape)
    if found != shapes or not made.counts.all():
        raise UnreadableModel(reason="what it knows through its encoder does not fit together")
    return made


def _of_middles(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Models from before 2026-11-22 measured how near the middle of each class is, which is linear in the row."""
    centre, glass, middles = (arrays[f"sentences {name}"] for name in ("centre", "glass", "middles"))
    weights = glass @ middles.T
    return {"sentences weights": weights, "sentences bias": -centre @ weights - (middles**2).sum(axis=1) / 2}


def unit(rows: Matrix) -> Matrix:
    """Rows of length one."""
    scaled: Matrix = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
    return scaled
