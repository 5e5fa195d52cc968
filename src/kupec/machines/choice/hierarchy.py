"""What each buyer weighs, learnt from all of them: each one's own choices, drawn towards what buyers are like.

A buyer's weights are a draw from a Gaussian whose mean and full covariance are learnt too (expectation and
maximisation, with Laplace's approximation of each buyer's posterior). Who has made few choices is near the mean.
"""

from dataclasses import dataclass

import numpy as np

from kupec.machines.choice.data import ChoiceData, Floats
from kupec.machines.choice.logit import chances, fit_logit, rescaled, slopes, spread_of

_ROUNDS = 150
_NEWTON = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """How free the covariance of the buyers is: it is held towards `width`² · 1 (in scaled attributes) as if by
    `strength` further buyers.
    """

    strength: float = 8.0
    width: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """Buyers' weights in scaled attributes: `scale` is what the attributes were divided by.

    `mean`, `covariance`: what buyers are like. `weights` (B, K) and `spreads` (B, K, K): each buyer's posterior mode,
    and how far it may be off.
    """

    scale: Floats
    mean: Floats
    covariance: Floats
    weights: Floats
    spreads: Floats
    rounds: int


def fit_hierarchy(data: ChoiceData, prior: Prior | None = None) -> Hierarchy:
    """Learn the buyers and what they have in common."""
    prior = prior or Prior()
    scale = spread_of(data)
    scaled = rescaled(data, scale)
    buyers, size = len(data.buyers), len(data.names)
    mean = fit_logit(scaled, penalty=1.0).weights
    covariance = np.eye(size) * prior.width**2
    weights = np.tile(mean, (buyers, 1))
    rounds = 0
    for rounds in range(1, _ROUNDS + 1):  # noqa: B007 - how many it took is told
        weights, spreads = _buyers(scaled, weights, mean, covariance)
        before = mean
        mean = weights.mean(axis=0)
        apart = weights - mean
        # The centre of the inverse Wishart prior is its mode, hence the K + 1 beside its strength.
        held = prior.strength * prior.width**2 * np.eye(size)
        covariance = (apart.T @ apart + spreads.sum(axis=0) + held) / (buyers + prior.strength)
        if np.abs(mean - before).max() < 1e-4 * (1 + np.abs(mean).max()):
            break
    weights, spreads = _buyers(scaled, weights, mean, covariance)
    return Hierarchy(scale=scale, mean=mean, covariance=covariance, weights=weights, spreads=spreads, rounds=rounds)


def _buyers(data: ChoiceData, weights: Floats, mean: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Each buyer's posterior mode and its covariance, all buyers at once; steps are shortened where they lose."""
    precision = np.linalg.inv(covariance)
    value = _posterior(data, weights, mean, precision)
    for _ in range(_NEWTON):
        gradient, bend = _sloped(data, weights, mean, precision)
        step = np.linalg.solve(bend, gradient[:, :, None])[:, :, 0]
        share = np.ones(len(weights))
        for _ in range(6):
            tried = weights + share[:, None] * step
            found = _posterior(data, tried, mean, precision)
            worse = found < value - 1e-12
            if not worse.any():
                break
            share = np.where(worse, share / 2, share)
        better = found >= value - 1e-12
        weights = np.where(better[:, None], tried, weights)
        gain = np.where(better, found - value, 0.0)
        value = np.where(better, found, value)
        if gain.max(initial=0.0) < 1e-6:
            break
    _, bend = _sloped(data, weights, mean, precision)
    return weights, np.linalg.inv(bend)


def _sloped(data: ChoiceData, weights: Floats, mean: Floats, precision: Floats) -> tuple[Floats, Floats]:
    gradients, bends = slopes(data, weights[data.buyer])
    gradient = -(weights - mean) @ precision
    bend = np.tile(precision, (len(weights), 1, 1))
    np.add.at(gradient, data.buyer, gradients)
    np.add.at(bend, data.buyer, bends)
    return gradient, bend


def _posterior(data: ChoiceData, weights: Floats, mean: Floats, precision: Floats) -> Floats:
    p = chances(data.x, data.there, weights[data.buyer])
    logs = np.log(np.maximum(p[np.arange(len(data)), data.chosen], 1e-300))
    apart = weights - mean
    prior = -0.5 * np.einsum("bk,kl,bl->b", apart, precision, apart)
    found: Floats = prior + np.bincount(data.buyer, weights=logs, minlength=len(weights))
    return found
