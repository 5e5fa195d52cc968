"""Does a buyer weigh, or follow a rule? Both are compared by how likely they make its choices, and both predict.

The share of rule-followers among the buyers is learnt, too. A buyer's prediction is what the draws of its weights say
and what each rule says, by how probable each is for this buyer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from kupec.machines.choice.data import ChoiceData, Flags, Floats
from kupec.machines.choice.logit import chances, rescaled
from kupec.machines.choice.models import ERROR, LexRule
from kupec.machines.choice.rules import rule_chances, rule_evidence, winners
from kupec.machines.choice.sampling import Posterior

_TRIES = 400
_WIDER = 1.5  # the draws come from a wider Gaussian than Laplace's, so that the tails are not missed
_SEED = 11
_ROUNDS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """What each buyer is: `weighing` (B,) is the probability that it weighs, `rule` (R, B) that of each rule.

    `error` (R, B) is how often the buyer errs if it follows that rule. `followers` is the share of all buyers who do.
    """

    posterior: Posterior
    rules: list[LexRule]
    weighing: Floats
    rule: Floats
    error: Floats
    hits: Floats
    misses: Floats
    followers: float


def mix(data: ChoiceData, posterior: Posterior, rules: Sequence[LexRule]) -> Mixture:
    """Compare, for each buyer, weighing with each of the rules. Rules of one family share one prior probability."""
    logit = logit_evidence(data, posterior)
    found = [rule_evidence(data, winners(rule, data.names, data.x, data.there)) for rule in rules]
    buyers = len(data.buyers)
    evidence = np.array([one for one, _, _ in found]).reshape(len(rules), buyers)
    hits = np.array([one for _, one, _ in found]).reshape(len(rules), buyers)
    misses = np.array([one for _, _, one in found]).reshape(len(rules), buyers)
    prior = _priors(rules)
    share, weighing, each = 0.5, np.ones(buyers), np.zeros((len(rules), buyers))
    for _ in range(_ROUNDS if rules else 0):
        logs = np.vstack([logit + np.log1p(-share), evidence + (np.log(prior) + np.log(share))[:, None]])
        probable = np.exp(logs - logsumexp(logs, axis=0))
        weighing, each = probable[0], probable[1:]
        before, share = share, float((1 + each.sum()) / (2 + buyers))
        if abs(before - share) < 1e-6:
            break
    wrong, fine = ERROR
    return Mixture(
        posterior=posterior,
        rules=list(rules),
        weighing=weighing,
        rule=each,
        error=(wrong + misses) / (wrong + fine + hits + misses),
        hits=hits,
        misses=misses,
        followers=share,
    )


def _priors(rules: Sequence[LexRule]) -> Floats:
    families = [rule.family for rule in rules]
    return np.array([1 / len(set(families)) / families.count(family) for family in families])


def logit_evidence(data: ChoiceData, posterior: Posterior) -> Floats:
    """By buyer: the log of how likely the choices are if it weighs, whatever its weights: by importance sampling."""
    fitted = posterior.hierarchy
    scaled = rescaled(data, fitted.scale)
    random = np.random.default_rng(_SEED)
    buyers, size = fitted.weights.shape
    root = np.linalg.cholesky(fitted.spreads * _WIDER)
    precision = np.linalg.inv(fitted.covariance)
    _, whole = np.linalg.slogdet(fitted.covariance)
    widths = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    at = np.arange(len(data))
    logs = np.empty((_TRIES, buyers))
    for number in range(_TRIES):
        noise = random.standard_normal((buyers, size))
        weights = fitted.weights + np.einsum("bkl,bl->bk", root, noise)
        p = np.log(np.maximum(chances(scaled.x, scaled.there, weights[data.buyer])[at, data.chosen], 1e-300))
        apart = weights - fitted.mean
        prior = -0.5 * (np.einsum("bk,kl,bl->b", apart, precision, apart) + whole)
        drawn = -0.5 * (noise**2).sum(axis=1) - widths
        logs[number] = np.bincount(data.buyer, weights=p, minlength=buyers) + prior - drawn
    found: Floats = logsumexp(logs, axis=0) - np.log(_TRIES)
    return found


def predict(mixture: Mixture, data: ChoiceData) -> Floats:
    """The chance of each alternative (N, J), each buyer's own; `data` has the buyers of the mixture."""
    found = predict_weighing(mixture.posterior, data) * mixture.weighing[data.buyer][:, None]
    for rule, probable, error in zip(mixture.rules, mixture.rule, mixture.error, strict=True):
        if probable.max(initial=0.0) < 1e-6:
            continue
        taken = winners(rule, data.names, data.x, data.there)
        found = found + rule_chances(taken, data.there, error[data.buyer]) * probable[data.buyer][:, None]
    return found


def predict_weighing(posterior: Posterior, data: ChoiceData) -> Floats:
    """As if everybody weighed."""
    found: Floats = np.zeros(data.there.shape)
    for weights in posterior.draws:
        found = found + chances(data.x, data.there, weights[data.buyer])
    return found / len(posterior.draws)


def best(p: Floats, there: Flags) -> "np.typing.NDArray[np.int64]":
    """The likeliest alternative of each choice."""
    found: np.typing.NDArray[np.int64] = np.where(there, p, -1.0).argmax(axis=1)
    return found
