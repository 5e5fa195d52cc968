"""Which of the merchant's intents a text means, how sure that is, and when it is none of them.

The model is a linear one over n-grams: its weights are the rows of one matrix a view, so that a text costs a dictionary
lookup a gram and one sum. What it is trained from is in `training.py`; numpy is all that is needed here.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from kupec.assistant.understanding.errors import UnreadableModel
from kupec.assistant.understanding.grams import Apart, take_apart
from kupec.assistant.understanding.rejecting import Rejector, signs
from kupec.assistant.understanding.sentences import Sentences, restored, stored
from kupec.assistant.understanding.storing import pack, unpack
from kupec.kit.encoder import Encoder

Matrix = npt.NDArray[np.float32]
Half = npt.NDArray[np.float16]
Rows = npt.NDArray[np.int64]


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


class Touched(NamedTuple):
    """The rows of the vocabulary that a text touches, words and pairs before pieces, and what share of it is known."""

    rows: Rows
    counts: Matrix
    halves: int
    """How many of `rows` are words and pairs."""
    words: float
    """The share of its words that was seen in training."""
    pairs: float
    missing: tuple[float, float]
    """How much else it has of both kinds: the sum of squares of 1 + log(count) of its grams that were never seen."""


class View(NamedTuple):
    """One way of weighing grams, and the weights learnt under it."""

    importance: Matrix
    """By row of the vocabulary."""
    lengths: tuple[float, float]
    """The usual lengths of the two kinds; a text is brought halfway there. Zero: to length one, whatever it was."""
    weights: Matrix | Half
    """Rows of the vocabulary by classes, of which a last one may stand for texts from outside."""
    bias: Matrix
    unknown: float = 0.0
    """The importance of what was never seen: it makes a text longer, so that the rest of it says less."""

    def values(self, touched: Touched) -> Matrix:
        """1 + log(count), times importance, each kind of gram brought to its length."""
        raw: Matrix = (1 + np.log(touched.counts)) * self.importance[touched.rows]
        kinds = (raw[: touched.halves], raw[touched.halves :])
        for kind, usual, missing in zip(kinds, self.lengths, touched.missing, strict=True):
            length = math.sqrt(float(kind @ kind) + missing * self.unknown**2)
            if length:
                kind /= np.sqrt(length * usual) if usual else length
        return raw

    def scores(self, touched: Touched) -> Matrix:
        """One margin a class."""
        scored: Matrix = self.values(touched) @ self.weights[touched.rows].astype(np.float32) + self.bias
        return scored


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """How words and meaning are put together: a share for each judgement, and what is turned away by all of them."""

    shares: list[float]
    """Of the margins of the words, of the row, the phrases, words and row as one: their sum are logits."""
    threshold: float
    rejector: Rejector | None = None


class Meaning(NamedTuple):
    """What a model knows through an encoder, and through which."""

    encoder: str
    sentences: Sentences
    words: View
    """Learnt along with `sentences.together`."""
    merged: Merged


def meaning_of(
    encoder: Encoder | None, sentences: Sentences | None, words: Sequence[View], merged: Merged | None
) -> Meaning | None:
    """Nothing unless all of it is there."""
    if encoder is None or sentences is None or not words or merged is None:
        return None
    return Meaning(encoder.name, sentences, words[0], merged)


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    classes: list[str]
    vocabulary: list[str]
    lengths: list[tuple[float, float]]
    temperature: float
    rejector: Rejector | None
    threshold: float
    encoder: str = ""
    merged: Merged | None = None
    counts_unknown: bool = False
    """Models from before 2026-11-22 were trained without."""


_ARRAYS = ("importance", "weights", "bias")


def _view(arrays: Mapping[str, Any], name: str, lengths: tuple[float, float], told: _Told) -> View:
    importance, weights, bias = (arrays[f"{name} {array}"] for array in _ARRAYS)
    return View(importance, lengths, weights, bias, unknown_in(importance) if told.counts_unknown else 0.0)


def _fits(view: View, told: _Told) -> bool:
    wide = len(view.bias)
    return (
        wide in {len(told.classes), len(told.classes) + 1}
        and view.weights.shape == (len(told.vocabulary), wide)
        and view.importance.shape == (len(told.vocabulary),)
    )


class IntentModel:
    """Trained weights. `threshold` is the probability of being known below which a text counts as not understood.

    What was learnt through an encoder is used only where the model is opened with that one: otherwise the words answer
    alone, as well as if there had never been an encoder.
    """

    def __init__(
        self,
        classes: Sequence[str],
        vocabulary: Mapping[str, int],
        views: Sequence[View],
        *,
        temperature: float = 1.0,
        rejector: Rejector | None = None,
        threshold: float = 1.0,
        meaning: Meaning | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        self.classes = list(classes)
        self.vocabulary = vocabulary
        self.views = list(views)
        self.temperature = temperature
        self.rejector = rejector
        self.words_threshold = threshold
        self.meaning = meaning
        self.encoder = encoder if encoder and meaning and encoder.name == meaning.encoder else None

    @property
    def threshold(self) -> float:
        return self.meaning.merged.threshold if self.encoder and self.meaning else self.words_threshold

    @classmethod
    def empty(cls) -> "IntentModel":
        """Knows nothing."""
        return cls([], {}, [])

    def scores(self, touched: Touched) -> Matrix:
        """One margin a class, the mean over the views; a last one for texts from outside, if there were any."""
        each = [view.scores(touched) for view in self.views]
        return np.asarray(np.mean(each, axis=0), dtype=np.float32)

    def read(self, text: str, *, best: int = 3) -> Reading:
        """What the text means; no guess where no part of it was ever seen, and no encoder can tell its meaning."""
        touched = touch(text, self.vocabulary)
        if not self.classes or not (len(touched.rows) or (self.encoder and text.strip())):
            return Reading()
        scores = self.scores(touched)
        margins = scores[: len(self.classes)]
        outside = float(scores[-1]) if len(scores) > len(margins) else None
        logits, told = margins / self.temperature, signs(margins, touched.words, touched.pairs, outside)
        rejector = self.rejector
        if self.encoder is not None and self.meaning is not None:
            merged = self.meaning.merged
            words = self.meaning.words.scores(touched)[None]
            senses = self.meaning.sentences.sense(self.encoder.encode([text]), words)
            judged = [margins, *(one[0, : len(margins)] for one in senses)]
            logits = np.array(merged.shares, dtype=np.float32) @ np.stack(judged)
            told, rejector = np.append(told, senses.signs(len(margins))[0]), merged.rejector
        probabilities = softmax(logits)
        order = np.argsort(-probabilities, kind="stable")[:best]
        guesses = [Guess(intent=self.classes[place], probability=float(probabilities[place])) for place in order]
        known = float(probabilities.max())
        if rejector is not None:
            known = rejector.known(told)
        return Reading(guesses=guesses, known=known, is_known=known >= self.threshold)

    def guess(self, text: str, *, best: int = 3) -> list[Guess]:
        """The guesses of `read` alone."""
        return self.read(text, best=best).guesses

    def dump(self) -> bytes:
        """The model as bytes; the same model gives the same ones."""
        told = _Told(
            classes=self.classes,
            vocabulary=list(self.vocabulary),
            lengths=[view.lengths for view in self.views],
            temperature=self.temperature,
            rejector=self.rejector,
            threshold=self.words_threshold,
            encoder=self.meaning.encoder if self.meaning else "",
            merged=self.meaning.merged if self.meaning else None,
            counts_unknown=any(view.unknown for view in self.views),
        )
        arrays = {f"{place} {name}": getattr(view, name) for place, view in enumerate(self.views) for name in _ARRAYS}
        if self.meaning is not None:
            arrays |= {f"along {name}": getattr(self.meaning.words, name) for name in _ARRAYS}
            arrays |= stored(self.meaning.sentences)
        return pack(told, arrays)

    @classmethod
    def load(cls, data: bytes, encoder: Encoder | None = None) -> "IntentModel":
        """What `dump` wrote; another encoder than it was trained with is not used. Raises UnreadableModel."""
        told, arrays = unpack(data, _Told)
        meaning = None
        try:
            views = [_view(arrays, str(place), lengths, told) for place, lengths in enumerate(told.lengths)]
            if told.merged is not None:
                along = _view(arrays, "along", (0.0, 0.0), told)
                meaning = Meaning(told.encoder, restored(arrays), along, told.merged)
        except KeyError as error:
            raise UnreadableModel(reason=f"{error} is missing") from error
        if not all(_fits(view, told) for view in [*views, *([meaning.words] if meaning else [])]):
            raise UnreadableModel(reason="its parts do not fit together")
        return cls(
            told.classes,
            {gram: row for row, gram in enumerate(told.vocabulary)},
            views,
            temperature=told.temperature,
            rejector=told.rejector,
            threshold=told.threshold,
            meaning=meaning,
            encoder=encoder,
        )


def touch(text: str, vocabulary: Mapping[str, int]) -> Touched:
    """Which rows of the vocabulary a text touches, and how often."""
    apart = take_apart(text)
    found = [[row for gram in kind if (row := vocabulary.get(gram)) is not None] for kind in apart]
    shares = [len(rows) / max(len(kind), 1) for rows, kind in zip(found, apart, strict=True)]
    wordy = _counted(found[0] + found[1])
    pieces = _counted(found[2])
    return Touched(
        rows=np.concatenate([wordy[0], pieces[0]]),
        counts=np.concatenate([wordy[1], pieces[1]]),
        halves=len(wordy[0]),
        words=shares[0],
        pairs=shares[1],
        missing=missing_of(apart, vocabulary),
    )


def missing_of(apart: Apart, vocabulary: Mapping[str, int]) -> tuple[float, float]:
    """See `Touched.missing`."""
    wordy = _missing([*apart.words, *apart.pairs], vocabulary)
    return wordy, _missing(apart.pieces, vocabulary)


def _missing(grams: Sequence[str], vocabulary: Mapping[str, int]) -> float:
    counts = Counter(gram for gram in grams if gram not in vocabulary).values()
    return math.fsum((1 + math.log(count)) ** 2 for count in counts)


def unknown_in(importance: Matrix) -> float:
    """A gram that was never seen is as important as the most important one."""
    return float(importance.max(initial=0.0))


def _counted(rows: Sequence[int]) -> tuple[Rows, Matrix]:
    unique, counts = np.unique(np.array(rows, dtype=np.int64), return_counts=True)
    return unique, counts.astype(np.float32)


def softmax(scores: Matrix) -> Matrix:
    """Probabilities that add up to one, along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shared: Matrix = raised / raised.sum(axis=-1, keepdims=True)
    return shared
