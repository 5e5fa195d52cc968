"""Temperature, rejector and threshold, from phrases that the weights have not seen.

Two kinds of held-out texts: phrases kept back (they mean one of the intents), and all phrases of intents kept back as a
whole, which for the weights fitted without them are questions from nowhere. Real outside texts replace the second kind
as soon as there are enough of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from kupec.assistant.understanding.fitting import Counted, Fitted, Places, fit
from kupec.assistant.understanding.fitting_sentences import shares_of
from kupec.assistant.understanding.intents import Matrix, Merged, softmax
from kupec.assistant.understanding.rejecting import Rejector, pointing_in, signs
from kupec.assistant.understanding.sentences import Sensed, joined

Flags = npt.NDArray[np.bool_]

_FOLDS = 5
_MANY = 4000
"""Phrases from which one fold tells enough."""
_PARTS = 3
_FEWEST_INTENTS = 4
"""With fewer, intents kept back leave nothing to be told apart."""
_FEWEST_PHRASES = 20
_ENOUGH_OUTSIDE = 50
_RIGHT = 0.65
"""Of what the threshold lets through, so much must be right."""
_OURS, _OURS_BESIDE_OURS = 2.0, 4.0
"""How much more a phrase that is answered rightly counts than a text from outside, or from intents kept back, that is
turned away: intents kept back are nearer than what strangers ask."""
_NOTHING_SURE = 0.95
_LEAST = 0.3
_TEMPERATURES = np.geomspace(0.02, 2.0, 40)


class Held(NamedTuple):
    """What was held out: margins per class, the shares of words and pairs known, and the true class."""

    margins: Matrix
    shares: Matrix
    answers: Places
    senses: Sensed | None = None


class Calibrated(NamedTuple):
    temperature: float = 1.0
    threshold: float = 0.5
    rejector: Rejector | None = None
    merged: Merged | None = None
    """Where the texts were encoded: the same for words and meaning together."""


class Material(NamedTuple):
    """What is learnt from, in this order: phrases, the names of the intents (one each), texts from outside."""

    counted: Counted
    classes: Places
    phrases: int
    intents: int

    @property
    def outside(self) -> int:
        """The first row from outside."""
        return self.phrases + self.intents

    def learnt(self) -> Places:
        """What the weights are fitted on: texts from outside are a class of their own when there are enough."""
        return np.arange(len(self.classes) if self.has_outside() else self.outside)

    def has_outside(self) -> bool:
        return len(self.classes) - self.outside >= _ENOUGH_OUTSIDE


def calibrate(material: Material, begins: Flags) -> Calibrated:
    """`begins` says by intent whether it counts for the threshold."""
    if material.phrases < 2:
        return Calibrated()
    held, away = _held_out(material)
    if not material.has_outside():
        away = _joined([away, *_strangers(material)])
    inside = held.margins[:, : material.intents]
    temperature = _temperature(inside, held.answers)
    words = _rejecting(inside / temperature, held._replace(senses=None), away._replace(senses=None), material, begins)
    if held.senses is None:
        return Calibrated(temperature, *words)
    judgements = [inside, *(judged[:, : material.intents] for judged in held.senses)]
    shares = shares_of(judgements, held.answers)
    logits = np.tensordot(np.array(shares, dtype=np.float32), np.stack(judgements), 1)
    threshold, rejector = _rejecting(logits, held, away, material, begins)
    return Calibrated(temperature, *words, Merged(shares=shares, threshold=threshold, rejector=rejector))


def _rejecting(
    logits: Matrix, held: Held, away: Held, material: Material, begins: Flags
) -> tuple[float, Rejector | None]:
    """The threshold, and what it is compared with; without texts to turn away, that is the best probability."""
    sure = softmax(logits)
    right = sure.argmax(axis=1) == held.answers
    counted = begins[sure.argmax(axis=1)] & begins[held.answers]
    if not len(away.answers):
        return max(_lowest(sure.max(axis=1)[counted], right[counted]), _LEAST, 1.5 / material.intents), None
    rows, elsewhere = _signs(held, material), _signs(away, material)
    rejector = _learnt(rows, elsewhere, pointing_in(rows.shape[1], has_outside=material.has_outside()))
    known = np.array([rejector.known(row) for row in rows])
    unknown = np.array([rejector.known(row) for row in elsewhere])
    known, right = known[counted], right[counted]
    ours = _OURS if material.has_outside() else _OURS_BESIDE_OURS
    return max(_best(known, right, unknown, ours), _lowest(known, right)), rejector


def _held_out(material: Material) -> tuple[Held, Held]:
    """Every phrase, and every text from outside, as the weights of the other folds see it; of many phrases, a part."""
    is_large, learns_outside = material.phrases > _MANY, material.has_outside()
    own = np.arange(material.phrases)
    outside = np.arange(material.outside, len(material.classes))
    folds = _dealt(material.classes[: material.phrases], _FOLDS)
    elsewhere = _dealt(material.classes[outside], 2 if is_large else _FOLDS)
    always = np.arange(material.phrases, material.outside)
    held, away = [], []
    for fold in range((2 if learns_outside else 1) if is_large else _FOLDS):
        kept = own[folds == fold]
        learnt = [own[folds != fold], always]
        if learns_outside:
            learnt.append(outside[elsewhere != fold])
        fitted = _fitted(material, np.concatenate(learnt))
        held.append(_seen(fitted, material, kept))
        if learns_outside or not fold:
            away.append(_seen(fitted, material, outside[elsewhere == fold] if learns_outside else outside))
    return _joined(held), _joined(away)


def _strangers(material: Material) -> list[Held]:
    """The phrases of intents kept back as a whole, as weights see them that were fitted without those."""
    if material.intents < _FEWEST_INTENTS or material.phrases < _FEWEST_PHRASES:
        return []
    parts = np.random.default_rng(0).permutation(material.intents) % _PARTS
    away = []
    for part in range(1 if material.phrases > _MANY else _PARTS):
        stays = np.append(parts != part, False)
        classes = np.where(stays, np.cumsum(stays) - 1, -1)[material.classes]
        fewer = material._replace(classes=classes, intents=int(stays.sum()))
        fitted = _fitted(fewer, np.flatnonzero(classes >= 0))
        seen = _seen(fitted, material, np.flatnonzero(classes[: material.phrases] < 0))
        padding = np.full((len(seen.answers), material.intents - fewer.intents), -np.inf, dtype=np.float32)
        senses = seen.senses and Sensed(*(np.hstack([judged, padding]) for judged in seen.senses))
        away.append(seen._replace(margins=np.hstack([seen.margins, padding]), senses=senses))
    return away


def _fitted(material: Material, learnt: Places) -> Fitted:
    return fit(material.counted.part(learnt), material.classes[learnt], material.intents)


def _seen(fitted: Fitted, material: Material, rows: Places) -> Held:
    part = material.counted.part(rows)
    return Held(fitted.scores(part), fitted.shares(part), material.classes[rows], fitted.sense(part))


def _joined(held: Sequence[Held]) -> Held:
    senses = [one.senses for one in held if one.senses is not None]
    return Held(
        margins=np.concatenate([one.margins for one in held]),
        shares=np.concatenate([one.shares for one in held]),
        answers=np.concatenate([one.answers for one in held]),
        senses=joined(senses) if senses else None,
    )


def _dealt(classes: Places, folds: int) -> Places:
    """A fold for each text, each class dealt out evenly."""
    order = np.random.default_rng(0).permutation(len(classes))
    order = order[np.argsort(classes[order], kind="stable")]
    dealt = np.empty(len(classes), dtype=np.int64)
    dealt[order] = np.arange(len(classes)) % folds
    return dealt


def _signs(held: Held, material: Material) -> Matrix:
    rows = []
    for margins, (words, pairs) in zip(held.margins, held.shares, strict=True):
        outside = float(margins[-1]) if material.has_outside() else None
        rows.append(signs(margins[: material.intents], words, pairs, outside))
    told = np.array(rows)
    return told if held.senses is None else np.hstack([told, held.senses.signs(material.intents)])


def _temperature(margins: Matrix, answers: Places) -> float:
    """The one that makes the held-out phrases likeliest."""
    every = np.arange(len(answers))
    likelihoods = [
        np.log(softmax(margins / temperature)[every, answers] + 1e-12).mean() for temperature in _TEMPERATURES
    ]
    return float(_TEMPERATURES[int(np.argmax(likelihoods))])


def _learnt(inside: Matrix, outside: Matrix, pointing: Flags) -> Rejector:
    """A sign of belonging that points the wrong way in so few texts is left out: it never speaks against a text."""
    rows = np.vstack([inside, outside])
    means, spreads = inside.mean(axis=0), inside.std(axis=0) + 1e-3
    scaled = (rows - means) / spreads
    belongs = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    machine = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)
    wrong = np.ones(scaled.shape[1], dtype=np.bool_)
    while wrong.any():
        weights = machine.fit(scaled, belongs).coef_[0]
        wrong = (weights < 0) & pointing
        scaled[:, wrong] = 0
    return Rejector(
        means=means.tolist(),
        spreads=spreads.tolist(),
        weights=weights.tolist(),
        bias=float(machine.intercept_[0]),
    )


def _best(known: Matrix, right: Flags, unknown: Matrix, ours: float) -> float:
    """Where phrases answered rightly, counted `ours` times, and outside texts turned away are most together."""
    if not len(known):
        return _NOTHING_SURE
    candidates = np.quantile(np.concatenate([known, unknown]), np.linspace(0.01, 0.99, 99))
    gains = [ours * ((known >= at) & right).mean() + (unknown < at).mean() for at in candidates]
    return float(candidates[int(np.argmax(gains))])


def _lowest(sure: Matrix, right: Flags) -> float:
    """The lowest probability above which enough is right."""
    order = np.argsort(-sure)
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(shares >= _RIGHT)
    return float(sure[order][enough[-1]]) if len(enough) else _NOTHING_SURE
