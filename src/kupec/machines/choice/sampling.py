"""The buyers' weights as draws from their posterior: what is not known of a buyer stays in the prediction.

Metropolis within Gibbs for the same model as in `hierarchy.py`, which it starts from: all buyers step at once, then the
mean and the covariance are drawn. The seed is fixed: the same choices make the same draws.
"""

from dataclasses import dataclass

import numpy as np

from kupec.machines.choice.data import ChoiceData, Floats
from kupec.machines.choice.hierarchy import Hierarchy, Prior, fit_hierarchy
from kupec.machines.choice.logit import chances, rescaled

_SEED = 7
_AIM = 0.3  # of the steps are taken, when their length is right


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """`draws` (S, B, K): weights per unit of the attributes, one plausible set for each buyer in every row.

    `typical` (S, K) is what buyers are like, `anybody` (S, K) a buyer of whom nothing is known.
    """

    names: tuple[str, ...]
    buyers: tuple[str, ...]
    draws: Floats
    typical: Floats
    anybody: Floats
    hierarchy: Hierarchy


def sample(
    data: ChoiceData, prior: Prior | None = None, *, steps: int = 4000, burn: int = 1500, keep: int = 250
) -> Posterior:
    """`keep` draws of everybody's weights, evenly among the steps after the first `burn`."""
    prior = prior or Prior()
    start = fit_hierarchy(data, prior)
    scaled = rescaled(data, start.scale)
    random = np.random.default_rng(_SEED)
    weights, mean, covariance = start.weights.copy(), start.mean, start.covariance
    shape = np.linalg.cholesky(start.spreads)
    buyers, size = weights.shape
    now: Floats = _likelihood(scaled, weights)
    length, taken = 0.8, 0.0
    every = max(1, (steps - burn) // keep)
    kept: list[tuple[Floats, Floats, Floats]] = []
    for step in range(steps):
        precision = np.linalg.inv(covariance)
        tried = weights + length * np.einsum("bkl,bl->bk", shape, random.standard_normal((buyers, size)))
        then = _likelihood(scaled, tried)
        odds = then - now + _prior(tried, mean, precision) - _prior(weights, mean, precision)
        better = np.log(random.random(buyers)) < odds
        weights = np.where(better[:, None], tried, weights)
        now = np.where(better, then, now)
        taken += float(better.mean())
        if step < burn and step % 50 == 49:
            length *= 1.1 if taken / 50 > _AIM else 0.9
            taken = 0.0
        mean, covariance = _common(weights, covariance, prior, random)
        if step >= burn and (step - burn) % every == 0 and len(kept) < keep:
            anybody = mean + np.linalg.cholesky(covariance) @ random.standard_normal(size)
            kept.append((weights, mean, anybody))
    return Posterior(
        names=data.names,
        buyers=data.buyers,
        draws=np.array([one for one, _, _ in kept]) / start.scale,
        typical=np.array([one for _, one, _ in kept]) / start.scale,
        anybody=np.array([one for _, _, one in kept]) / start.scale,
        hierarchy=start,
    )


def _likelihood(data: ChoiceData, weights: Floats) -> Floats:
    p = chances(data.x, data.there, weights[data.buyer])
    logs = np.log(np.maximum(p[np.arange(len(data)), data.chosen], 1e-300))
    found: Floats = np.bincount(data.buyer, weights=logs, minlength=len(weights)).astype(np.float64)
    return found


def _prior(weights: Floats, mean: Floats, precision: Floats) -> Floats:
    apart = weights - mean
    found: Floats = -0.5 * np.einsum("bk,kl,bl->b", apart, precision, apart)
    return found


def _common(weights: Floats, covariance: Floats, prior: Prior, random: np.random.Generator) -> tuple[Floats, Floats]:
    """The mean, then the covariance from its inverse Wishart by Bartlett's decomposition."""
    buyers, size = weights.shape
    mean = weights.mean(axis=0) + np.linalg.cholesky(covariance / buyers) @ random.standard_normal(size)
    apart = weights - mean
    scatter = apart.T @ apart + prior.strength * prior.width**2 * np.eye(size)
    freedom = buyers + prior.strength + size + 1
    root = np.linalg.cholesky(np.linalg.inv(scatter))
    lower = np.tril(random.standard_normal((size, size)), -1)
    lower[np.diag_indices(size)] = np.sqrt(random.chisquare(freedom - np.arange(size)))
    half = root @ lower
    return mean, np.linalg.inv(half @ half.T)
