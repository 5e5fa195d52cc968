"""Fitting the linear weights: phrases as one matrix of counted grams, of which every fold of the calibration is a part.

Two views of the same grams are averaged where phrases are few: the usual inverse document frequency at length one, and
one that asks how a gram is spread over the *intents*, at half its length. They err on different phrases.
"""

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, diags_array, hstack
from sklearn.svm import LinearSVC

from kupec.assistant.understanding.fitting_sentences import fit_sentences
from kupec.assistant.understanding.grams import Apart, take_apart
from kupec.assistant.understanding.intents import Half, Matrix, View, missing_of, unknown_in
from kupec.assistant.understanding.sentences import Sensed, Sentences

Places = npt.NDArray[np.int64]

_MANY = 4000
"""Phrases from which one view is enough: a second would double the seconds of training for a tenth of a per cent."""
_COST, _COST_OF_SPREAD = 1.0, 2.0
_TOLERANCE = 0.03
_COST_ALONG = 0.5
_LOUDNESS = 1.5
"""How long the rows of an encoder are beside words of length one and pieces of length one."""
_SMOOTHED = 0.2
_LEAST_TELLING = 0.05
_NAME = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Counted(NamedTuple):
    """Texts by grams: `counts` are texts by rows of the vocabulary, of which the first `halves` are words and pairs."""

    counts: csr_matrix
    halves: int
    words: npt.NDArray[np.bool_]
    """Which of the grams are words (not pairs, not pieces)."""
    totals: Matrix
    """How many words and pairs each text has, known or not."""
    missing: Matrix
    """As `Touched.missing`: what each text has beside the vocabulary."""
    encoded: Matrix | None = None
    """The texts as an encoder gives them, where there is one."""

    def part(self, rows: Places) -> "Counted":
        encoded = None if self.encoded is None else self.encoded[rows]
        return Counted(self.counts[rows], self.halves, self.words, self.totals[rows], self.missing[rows], encoded)


class Fitted(NamedTuple):
    """Views over the whole vocabulary; what was not seen in the part they were fitted on weighs nothing."""

    views: list[View]
    seen: Matrix
    """1 where a gram was seen, else 0."""
    sentences: Sentences | None = None
    along: View | None = None
    """The weights of the words that were learnt along with those of the encoded rows."""

    def sense(self, counted: Counted) -> Sensed | None:
        """What the meaning of the texts says, where they were encoded."""
        if self.sentences is None or self.along is None or counted.encoded is None:
            return None
        return self.sentences.sense(counted.encoded, _margins(self.along, counted))

    def scores(self, counted: Counted) -> Matrix:
        """Margins, texts by classes: as `IntentModel.scores` finds them, for many at once."""
        summed = [_margins(view, counted) for view in self.views]
        return np.asarray(np.mean(np.stack(summed), axis=0), dtype=np.float32)

    def shares(self, counted: Counted) -> Matrix:
        """What share of each text's words and pairs was seen."""
        wordy = np.arange(len(self.seen)) < counted.halves
        known = [counted.counts @ (self.seen * kind) for kind in (counted.words, wordy & ~counted.words)]
        return np.asarray(np.stack(known, axis=1) / np.maximum(counted.totals, 1), dtype=np.float32)


def vocabulary_of(texts: Sequence[Apart]) -> dict[str, int]:
    """A row for every gram, words and pairs first."""
    return {gram: row for row, gram in enumerate(sorted({gram for apart in texts for kind in apart for gram in kind}))}


def count(texts: Sequence[Apart], vocabulary: Mapping[str, int]) -> Counted:
    """The grams of these texts that the vocabulary has, and how many they have in all."""
    starts: list[int] = [0]
    rows: list[int] = []
    for apart in texts:
        rows.extend(row for kind in apart for gram in kind if (row := vocabulary.get(gram)) is not None)
        starts.append(len(rows))
    ones = np.ones(len(rows), dtype=np.float32)
    counts = csr_matrix((ones, rows, starts), shape=(len(texts), len(vocabulary)))
    counts.sum_duplicates()
    is_word = np.array([gram[0] == "\x01" and " " not in gram for gram in vocabulary], dtype=np.bool_)
    return Counted(
        counts=counts,
        halves=sum(gram[0] == "\x01" for gram in vocabulary),
        words=is_word,
        totals=np.array([[len(apart.words), len(apart.pairs)] for apart in texts], dtype=np.float32).reshape(-1, 2),
        missing=np.array([missing_of(apart, vocabulary) for apart in texts], dtype=np.float32).reshape(-1, 2),
    )


def named(intent: str) -> Apart:
    """An intent's name as one more way of asking for it."""
    return take_apart(name_of(intent))


def name_of(intent: str) -> str:
    """What "article:card_arrival" is called: "card arrival"."""
    return " ".join(_NAME.findall(_HUMP.sub(" ", intent.rpartition(":")[2])))


def fit(counted: Counted, classes: Places, intents: int) -> Fitted:
    """Views of these texts, of which `classes` says the intent; the class behind those is for texts from outside."""
    there = csr_matrix(counted.counts > 0, dtype=np.float32)
    texts = there.T @ np.ones(len(classes), dtype=np.float32)
    seen = (there.T @ (classes < intents).astype(np.float32) > 0).astype(np.float32)
    rarity = seen * (np.log((1 + len(classes)) / (1 + texts)) + 1)
    sentences, along = None, None
    if counted.encoded is not None:
        along, together = _fit_along(counted, counted.encoded, classes, rarity)
        sentences = fit_sentences(counted.encoded, classes, together)
    if len(classes) > _MANY:
        return Fitted([_fit(counted, classes, rarity, is_half=False, cost=_COST)], seen, sentences, along)
    telling = seen * _telling(there, classes, int(classes.max()) + 1)
    views = [
        _fit(counted, classes, rarity, is_half=False, cost=_COST),
        _fit(counted, classes, telling, is_half=True, cost=_COST_OF_SPREAD),
    ]
    return Fitted(views, seen, sentences, along)


def _telling(there: csr_matrix, classes: Places, how_many: int) -> Matrix:
    """Near one for grams of a single class, near `_LEAST_TELLING` for those spread over all of them alike."""
    members = csr_matrix(
        (np.ones(len(classes), dtype=np.float32), (classes, np.arange(len(classes)))), shape=(how_many, len(classes))
    )
    spread = (members @ there).toarray() + _SMOOTHED
    spread /= spread.sum(axis=0)
    telling: Matrix = 1 + _LEAST_TELLING + (spread * np.log(spread)).sum(axis=0) / np.log(how_many)
    return telling


def _fit(counted: Counted, classes: Places, importance: Matrix, *, is_half: bool, cost: float) -> View:
    lengths = _usual(counted, importance) if is_half else (0.0, 0.0)
    weights, bias = _separated(weighed(counted, importance, lengths), classes, cost)
    return View(importance.astype(np.float32), lengths, weights, bias, unknown_in(importance))


def _fit_along(counted: Counted, encoded: Matrix, classes: Places, importance: Matrix) -> tuple[View, Matrix]:
    """Words and rows as one text: each learns only what the other does not tell. Returns the weights of both."""
    lengths = (0.0, 0.0)
    both = hstack([weighed(counted, importance, lengths), csr_matrix(encoded * _LOUDNESS)], format="csr")
    weights, bias = _separated(both, classes, _COST_ALONG)
    wide = counted.counts.shape[1]
    view = View(importance.astype(np.float32), lengths, weights[:wide], bias, unknown_in(importance))
    return view, np.ascontiguousarray(weights[wide:] * np.float32(_LOUDNESS))


def _separated(texts: csr_matrix, classes: Places, cost: float) -> tuple[Matrix, Matrix]:
    """Weights, features by classes, and a bias a class."""
    machine = LinearSVC(C=cost, class_weight="balanced", random_state=0, tol=_TOLERANCE)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The number of unique classes")  # a phrase or two an intent are no mistake
        machine.fit(texts, classes)
    weights, bias = machine.coef_, machine.intercept_
    if len(weights) == 1:  # two classes share one row of weights
        weights, bias = np.vstack([-weights[0], weights[0]]), np.array([-bias[0], bias[0]])
    return np.ascontiguousarray(weights.T, dtype=np.float32), bias.astype(np.float32)


def weighed(counted: Counted, importance: Matrix, lengths: tuple[float, float]) -> csr_matrix:
    """As `View.values`, for many texts at once; a row of the vocabulary without importance was never seen."""
    raw = _raised(counted, importance)
    squares = _squares(counted, np.where(importance > 0, importance, unknown_in(importance)))
    squares += counted.missing * unknown_in(importance) ** 2
    place = np.arange(counted.counts.shape[1])
    total = None
    for half, (kind, usual) in enumerate(zip((place < counted.halves, place >= counted.halves), lengths, strict=True)):
        mine = raw @ diags_array(kind.astype(np.float32))
        long = np.sqrt(squares[:, half])
        divisor = np.sqrt(long * usual) if usual else long
        scaled = diags_array(1 / np.where(divisor > 0, divisor, 1).astype(np.float32)) @ mine
        total = scaled if total is None else total + scaled
    return csr_matrix(total)


def _raised(counted: Counted, importance: Matrix) -> csr_matrix:
    raw = counted.counts.copy()
    raw.data = 1 + np.log(raw.data)
    return csr_matrix(raw @ diags_array(importance))


def _squares(counted: Counted, importance: Matrix) -> Matrix:
    """The squared lengths of both kinds, texts by two."""
    raw = _raised(counted, importance)
    squares = raw.multiply(raw).tocsc()
    halves = (squares[:, : counted.halves], squares[:, counted.halves :])
    return np.stack([np.asarray(half.sum(axis=1)).ravel() for half in halves], axis=1)


def _usual(counted: Counted, importance: Matrix) -> tuple[float, float]:
    words, pieces = np.sqrt(_squares(counted, importance)).mean(axis=0).tolist()
    return words, pieces


def _margins(view: View, counted: Counted) -> Matrix:
    margins: Matrix = weighed(counted, view.importance, view.lengths) @ view.weights + view.bias
    return margins


def kept(views: Sequence[View]) -> list[View]:
    """Views as a model keeps them: weights in half precision."""
    halved: list[View] = []
    for view in views:
        weights: Half = view.weights.astype(np.float16)
        halved.append(view._replace(weights=weights))
    return halved
