"""The figures that answers are judged by: pure functions over what is true and what was said."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
_BINS = 15


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold, with the share of texts in scope it answers rightly and of those out of scope it turns away."""

    threshold: float
    in_scope_accuracy: float
    oos_recall: float


def accuracy(true: Sequence[Hashable], said: Sequence[Hashable]) -> float | None:
    """The share that is right; None of nothing."""
    return sum(one == other for one, other in zip(true, said, strict=True)) / len(true) if true else None


def accuracy_interval(share: float | None, many: int) -> tuple[float, float] | None:
    """Between which figures the true share lies in 95 of 100 such tests (Wilson's)."""
    if share is None or not many:
        return None
    z = 1.959964
    middle = (share + z * z / (2 * many)) / (1 + z * z / many)
    reach = z / (1 + z * z / many) * math.sqrt(share * (1 - share) / many + z * z / (4 * many * many))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def macro_f1(true: Sequence[str], said: Sequence[str]) -> float | None:
    """The mean F1 of all labels that are true or said of any text, each weighing the same."""
    if not true:
        return None
    right = Counter(one for one, other in zip(true, said, strict=True) if one == other)
    there, claimed = Counter(true), Counter(said)
    labels = sorted(there.keys() | claimed.keys())
    return sum(2 * right[label] / (there[label] + claimed[label]) for label in labels) / len(labels)


def mcc(true: Sequence[str], said: Sequence[str]) -> float | None:
    """Matthews' correlation of several classes (Gorodkin's R_K): 1 perfect, 0 as good as chance."""
    if not true:
        return None
    many = len(true)
    right = sum(one == other for one, other in zip(true, said, strict=True))
    there, claimed = Counter(true), Counter(said)
    met = sum(count * claimed[label] for label, count in there.items())
    spread = (many**2 - sum(count**2 for count in there.values())) * (
        many**2 - sum(count**2 for count in claimed.values())
    )
    return (right * many - met) / math.sqrt(spread) if spread else 0.0


def auroc(known: Sequence[float], is_inside: Sequence[bool]) -> float | None:
    """How often a text in scope has a higher score than one out of scope, ties counting half; None without both."""
    scores, inside = np.asarray(known, float), np.asarray(is_inside, bool)
    ins, outs = int(inside.sum()), int((~inside).sum())
    if not ins or not outs:
        return None
    return float((_ranks(scores)[inside].sum() - ins * (ins + 1) / 2) / (ins * outs))


def _ranks(scores: Numbers) -> Numbers:
    """Places from 1 up; equal scores share the mean of theirs."""
    _, which, many = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(many)
    ranks: Numbers = (ends - (many - 1) / 2)[which]
    return ranks


def calibration_error(sure: Sequence[float], right: Sequence[bool], bins: int = _BINS) -> float | None:
    """How far probabilities are from the share that is right, over equal slices of them, weighed by their size."""
    if not len(sure):
        return None
    probabilities, hits = np.asarray(sure, float), np.asarray(right, float)
    slices = np.clip(np.ceil(probabilities * bins).astype(int) - 1, 0, bins - 1)
    apart = np.bincount(slices, weights=hits - probabilities, minlength=bins)
    return float(np.abs(apart).sum() / len(probabilities))


def at_threshold(known: Sequence[float], is_right: Sequence[bool], outside: Sequence[float], threshold: float) -> Cut:
    """What a threshold does: `known` and `is_right` are of texts in scope, `outside` the scores of the others."""
    kept = [sure >= threshold and right for sure, right in zip(known, is_right, strict=True)]
    away = [sure < threshold for sure in outside]
    return Cut(
        threshold=threshold,
        in_scope_accuracy=sum(kept) / len(kept) if kept else 0.0,
        oos_recall=sum(away) / len(away) if away else 0.0,
    )


def best_threshold(known: Sequence[float], is_right: Sequence[bool], outside: Sequence[float]) -> float:
    """The threshold with the highest sum of in-scope accuracy and out-of-scope recall; midway between two scores."""
    scores = np.concatenate([np.asarray(known, float), np.asarray(outside, float)])
    gain = np.concatenate(
        [np.asarray(is_right, float) / max(len(known), 1), np.full(len(outside), -1.0 / max(len(outside), 1))]
    )
    levels, which = np.unique(scores, return_inverse=True)
    # Kept at level k: everything from k up. What is kept in scope counts for, what is kept out of scope against.
    worth = np.cumsum(np.bincount(which, weights=gain)[::-1])[::-1]
    best = int(np.argmax(worth))
    return float((levels[best] + levels[best - 1]) / 2) if best else float(levels[0])


def adjusted_rand(true: Sequence[Hashable], found: Sequence[Hashable]) -> float:
    """Hubert and Arabie's index: 1 for the same groups, 0 as good as chance."""
    pairs = _pairs(Counter(zip(true, found, strict=True)))
    of_true, of_found, of_all = _pairs(Counter(true)), _pairs(Counter(found)), math.comb(len(true), 2)
    expected = of_true * of_found / of_all if of_all else 0.0
    most = (of_true + of_found) / 2
    return (pairs - expected) / (most - expected) if most != expected else 1.0


def mutual_information(true: Sequence[Hashable], found: Sequence[Hashable]) -> float:
    """What the groups tell of the truth, normalised by the mean of both entropies: 0 nothing, 1 everything."""
    many = len(true)
    there, groups = Counter(true), Counter(found)
    told = sum(
        count / many * math.log(count * many / (there[one] * groups[other]))
        for (one, other), count in Counter(zip(true, found, strict=True)).items()
    )
    both = (_entropy(there, many) + _entropy(groups, many)) / 2
    return told / both if both else 1.0


def recall_at(places: Sequence[int | None], among: int) -> float | None:
    """The share of questions whose document stands among the first so many; places count from 1, None is not found."""
    return sum(place is not None and place <= among for place in places) / len(places) if places else None


def reciprocal_rank(places: Sequence[int | None]) -> float | None:
    """The mean of one divided by the place of the right document, nothing where it was not found."""
    return sum(1 / place if place else 0.0 for place in places) / len(places) if places else None


def _pairs(counts: Counter[Any]) -> int:
    return sum(math.comb(count, 2) for count in counts.values())


def _entropy(counts: Counter[Any], many: int) -> float:
    return -sum(count / many * math.log(count / many) for count in counts.values())
