"""Learning from encoded phrases: a logistic regression that needs a dozen steps, and closed formulas."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from kupec.assistant.understanding.sentences import Matrix, Places, Sentences, unit

_SHRUNK = 0.7
"""How far the spread within intents is drawn towards one alike in all directions: phrases are few, dimensions many."""
_COST = 10.0
_LEAST_SHARE = 1e-3
_USUAL_SHARE = 2.0
"""How large shares are expected to be: few phrases, all told rightly, would otherwise speak for boundless ones."""
_Exact = npt.NDArray[np.float64]


def fit_sentences(rows: Matrix, classes: Places, together: Matrix) -> Sentences:
    """From encoded phrases, each with its class; each class from 0 on has one. `together` are weights learnt before."""
    order = np.argsort(classes, kind="stable")
    rows, classes = rows[order].astype(np.float64), classes[order]
    counts = np.bincount(classes)
    centre = rows.mean(axis=0)
    middles = np.add.reduceat(rows, np.cumsum(counts) - counts) / counts[:, None]
    within = rows - middles[classes]
    spread = within.T @ within / len(rows)
    spread = (1 - _SHRUNK) * spread + (_SHRUNK * np.trace(spread) / len(spread) + 1e-6) * np.eye(len(spread))
    values, directions = np.linalg.eigh(spread)
    glass = directions / np.sqrt(values)
    weights, bias = _separated(rows, classes)
    looked: Matrix = ((rows - centre) @ glass).astype(np.float32)
    return Sentences(
        centre=centre.astype(np.float32),
        glass=glass.astype(np.float32),
        weights=weights,
        bias=bias,
        phrases=unit(looked),
        counts=counts.astype(np.int64),
        together=together,
    )


def _separated(rows: npt.NDArray[np.floating], classes: Places) -> tuple[Matrix, Matrix]:
    """Weights, dimensions by classes, and a bias a class: the logistic regression of all classes at once."""
    machine = LogisticRegression(C=_COST, class_weight="balanced", tol=1e-3, max_iter=300).fit(rows, classes)
    weights, bias = machine.coef_, machine.intercept_
    if len(weights) == 1:  # two classes share one row of weights
        weights, bias = np.vstack([-weights[0], weights[0]]) / 2, np.array([-bias[0], bias[0]]) / 2
    return np.ascontiguousarray(weights.T, dtype=np.float32), bias.astype(np.float32)


def shares_of(judgements: Sequence[Matrix], answers: Places) -> list[float]:
    """How much each judgement counts in the sum that makes the true answers likeliest.

    A sum of logits is the average of the logarithms of probabilities; its temperature is found along with it.
    """
    each = np.stack([np.asarray(one, dtype=np.float64) for one in judgements])
    each -= each.max(axis=2, keepdims=True)
    sizes = each.std(axis=(1, 2)) + 1e-9
    each /= sizes[:, None, None]
    texts = np.arange(len(answers))

    def judged(logs: _Exact) -> tuple[float, _Exact]:
        shares = np.exp(logs)
        summed = np.tensordot(shares, each, 1)
        summed -= summed.max(axis=1, keepdims=True)
        total = np.log(np.exp(summed).sum(axis=1))
        sure = np.exp(summed - total[:, None])
        slope = ((sure * each).sum(axis=2) - each[:, texts, answers]).mean(axis=1)
        held = 1 / (_USUAL_SHARE**2 * len(answers))
        unlikely = (total - summed[texts, answers]).mean() + held * (shares @ shares) / 2
        return float(unlikely), (slope + held * shares) * shares

    found = minimize(judged, np.zeros(len(each)), jac=True, method="L-BFGS-B", bounds=[(-7.0, 5.0)] * len(each))
    return [max(float(share), _LEAST_SHARE) / float(size) for share, size in zip(np.exp(found.x), sizes, strict=True)]
