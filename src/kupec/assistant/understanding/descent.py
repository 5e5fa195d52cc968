"""A small logistic regression in numpy, for what a process learns by itself where no training process is at hand."""

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

_PASSES = 50
_STEP = 40.0
_HELD = 1e-5
"""How strongly weights are held near nothing."""


def fit(
    starts: Places, columns: Places, values: Matrix, right: Places, *, features: int, classes: int
) -> tuple[Matrix, Matrix]:
    """Weights (features by classes) and a bias a class, classes counting alike. Rows are given as in a CSR matrix.

    Accelerated descent by Nesterov: as many passes as say all there is to say, the same every time.
    """
    lengths = np.diff([*starts, len(columns)])
    of_text = np.repeat(np.arange(len(starts)), lengths)
    share = 1.0 / (classes * np.bincount(right, minlength=classes)[right])
    weights = np.zeros((features, classes), dtype=np.float32)
    ahead, bias, ahead_bias = weights.copy(), np.zeros(classes), np.zeros(classes)
    for turn in range(_PASSES):
        margins = np.add.reduceat(ahead[columns] * values[:, None], starts) + ahead_bias
        raised = np.exp(margins - margins.max(axis=1, keepdims=True))
        wrong = raised / raised.sum(axis=1, keepdims=True)
        wrong[np.arange(len(right)), right] -= 1.0
        wrong *= share[:, None]
        slope = np.stack(
            [np.bincount(columns, wrong[of_text, one] * values, minlength=features) for one in range(classes)], axis=1
        )
        before, before_bias = weights, bias
        weights = (ahead - _STEP * (slope + _HELD * ahead)).astype(np.float32)
        bias = ahead_bias - wrong.sum(axis=0)
        speed = turn / (turn + 3)
        ahead, ahead_bias = weights + np.float32(speed) * (weights - before), bias + speed * (bias - before_bias)
    return weights, bias.astype(np.float32)
