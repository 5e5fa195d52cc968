"""The conditional logit: the chance of each alternative is proportional to exp(its attributes · weights).

The penalised likelihood is concave; Newton's steps with its exact gradient and Hessian find the one maximum.
"""

from dataclasses import dataclass

import numpy as np

from kupec.machines.choice.data import ChoiceData, Floats

_STEPS = 100
_CLOSE = 1e-8
_FLAT = 1e-5  # in scaled attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Logit:
    """Fitted weights. `covariance` is the inverse of the negative Hessian where it is regular, else holds infinities.

    `log_likelihood` is without the penalty. `converged` is false where the likelihood has no maximum: without a penalty
    a choice that follows a rule pushes its weights beyond all bounds.
    """

    weights: Floats
    covariance: Floats
    log_likelihood: float
    converged: bool
    steps: int

    @property
    def errors(self) -> Floats:
        """The weights' standard errors."""
        found: Floats = np.sqrt(np.diag(self.covariance))
        return found


def chances(x: Floats, there: "np.typing.NDArray[np.bool_]", weights: Floats) -> Floats:
    """The chance of each alternative; `weights` are (K,) or one row a choice (N, K)."""
    worth = x @ weights if weights.ndim == 1 else np.einsum("njk,nk->nj", x, weights)
    worth = np.where(there, worth, -np.inf)
    worth = np.exp(worth - worth.max(axis=1, keepdims=True))
    found: Floats = worth / worth.sum(axis=1, keepdims=True)
    return found


def log_likelihood(data: ChoiceData, weights: Floats) -> float:
    """The logarithm of how likely these choices are."""
    return float(_logs(data, weights).sum())


def _logs(data: ChoiceData, weights: Floats) -> Floats:
    worth = data.x @ weights if weights.ndim == 1 else np.einsum("njk,nk->nj", data.x, weights)
    worth = np.where(data.there, worth, -np.inf)
    top = worth.max(axis=1)
    taken = worth[np.arange(len(data)), data.chosen]
    found: Floats = taken - top - np.log(np.exp(worth - top[:, None]).sum(axis=1))
    return found


def slopes(data: ChoiceData, weights: Floats) -> tuple[Floats, Floats]:
    """The gradient (N, K) and the negative Hessian (N, K, K) of each choice's log-likelihood."""
    p = chances(data.x, data.there, weights)
    mean = np.einsum("nj,njk->nk", p, data.x)
    gradient = data.x[np.arange(len(data)), data.chosen] - mean
    spread = data.x - mean[:, None, :]
    bend = np.matmul((spread * p[:, :, None]).transpose(0, 2, 1), spread)
    return gradient, bend


def fit_logit(data: ChoiceData, *, penalty: float = 0.0) -> Logit:
    """The weights that make all these choices most likely, less `penalty` / 2 · |weights|² (in scaled attributes).

    Attributes are scaled by their spread meanwhile, so that neither the steps nor the penalty depend on their units.
    """
    size = len(data.names)
    scale = spread_of(data)
    scaled = rescaled(data, scale)
    weights, steps, converged = np.zeros(size), 0, False
    best = log_likelihood(scaled, weights)
    for steps in range(1, _STEPS + 1):  # noqa: B007 - how many it took is told
        gradients, bends = slopes(scaled, weights)
        gradient = gradients.sum(axis=0) - penalty * weights
        bend = bends.sum(axis=0) + penalty * np.eye(size)
        step = np.linalg.lstsq(bend, gradient, rcond=None)[0]
        # What another step would still gain, by the quadratic: half of this.
        if gradient @ step < _CLOSE:
            converged = _is_bent(bend)
            break
        share = 1.0
        while share > 1e-6:
            tried = weights + share * step
            value = log_likelihood(scaled, tried) - penalty / 2 * float(tried @ tried)
            if value >= best:
                break
            share /= 2
        weights, best = tried, value
    return Logit(
        weights=weights / scale,
        covariance=_inverse(bend) / np.outer(scale, scale),
        log_likelihood=log_likelihood(scaled, weights),
        converged=converged,
        steps=steps,
    )


def _is_bent(bend: Floats) -> bool:
    """Whether there is a top: where choices follow a rule the likelihood flattens out for ever."""
    widths = np.linalg.eigvalsh(bend)
    return bool(widths[0] > max(_FLAT, 1e-12 * widths[-1]))


def _inverse(bend: Floats) -> Floats:
    if not _is_bent(bend):
        return np.full(bend.shape, np.inf)
    found: Floats = np.linalg.inv(bend)
    return found


def spread_of(data: ChoiceData) -> Floats:
    """How far each attribute spreads within the choices; 1 for one that never differs."""
    counts = data.there.sum(axis=1)
    mean = np.einsum("nj,njk->nk", data.there.astype(np.float64), data.x) / counts[:, None]
    apart = np.where(data.there[:, :, None], data.x - mean[:, None, :], 0.0)
    scale = np.sqrt((apart**2).sum(axis=(0, 1)) / max(counts.sum(), 1))
    return np.where(scale > 0, scale, 1.0)


def rescaled(data: ChoiceData, scale: Floats) -> ChoiceData:
    """The same choices with each attribute divided by its scale."""
    return ChoiceData(
        names=data.names,
        buyers=data.buyers,
        x=data.x / scale,
        there=data.there,
        chosen=data.chosen,
        buyer=data.buyer,
    )
