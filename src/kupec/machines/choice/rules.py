"""Rules by which a machine may choose: “the cheapest within two days”, “the known one unless 10 % dearer”.

A rule limits some attributes and orders by others. A buyer who follows one errs now and then: with the error rate e it
takes one of the rule's own with 1 - e, else any other. How likely its choices are, whatever e, has a closed form.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import betaln

from kupec.machines.choice.data import ChoiceData, Flags, Floats
from kupec.machines.choice.models import DEARER, ERROR, LexRule, Limit

_SAME = 1e-9


def winners(rule: LexRule, names: Sequence[str], x: Floats, there: Flags) -> Flags:
    """Which alternatives (N, J) the rule would take: several where it finds them equal."""
    open_to = there.copy()
    for limit in rule.limits:
        value = np.where(there, -limit.sign * x[:, :, names.index(limit.attribute)], np.inf)
        most = value.min(axis=1, keepdims=True) + limit.most if limit.relative else limit.most
        open_to &= value <= most + _SAME
    open_to = np.where(open_to.any(axis=1, keepdims=True), open_to, there)
    for attribute, sign in rule.order:
        value = np.where(open_to, -sign * x[:, :, names.index(attribute)], np.inf)
        open_to &= value <= value.min(axis=1, keepdims=True) + _SAME
    return open_to


def rule_chances(taken: Flags, there: Flags, error: Floats | float) -> Floats:
    """The chance of each alternative when the rule takes `taken` and errs so often; `error` may be one a choice."""
    own = taken.sum(axis=1, keepdims=True)
    others = there.sum(axis=1, keepdims=True) - own
    rate = np.where(others > 0, np.broadcast_to(np.reshape(error, (-1, 1)), own.shape), 0.0)
    found: Floats = np.where(taken, (1 - rate) / own, np.where(there, rate / np.maximum(others, 1), 0.0))
    return found


def rule_evidence(data: ChoiceData, taken: Flags) -> tuple[Floats, Floats, Floats]:
    """By buyer: the log of how likely the choices are under the rule, the right choices, and the wrong ones.

    Choices among which the rule has no preference count for neither.
    """
    at = np.arange(len(data))
    own = taken.sum(axis=1)
    others = data.there.sum(axis=1) - own
    right = taken[at, data.chosen]
    telling = others > 0
    among = np.where(right, -np.log(own), -np.log(np.maximum(others, 1)))
    count = len(data.buyers)
    hits = np.bincount(data.buyer, weights=right & telling, minlength=count)
    misses = np.bincount(data.buyer, weights=~right & telling, minlength=count)
    spread = np.bincount(data.buyer, weights=among, minlength=count)
    wrong, fine = ERROR
    evidence: Floats = spread + betaln(wrong + misses, fine + hits) - betaln(wrong, fine)
    return evidence, hits.astype(np.float64), misses.astype(np.float64)


def generic_rules(names: Sequence[str], signs: Sequence[int], *, deep: int = 2) -> list[LexRule]:
    """Every order of at most `deep` attributes, each in its better direction: where nothing more is known of them."""
    orders: list[list[int]] = [[]]
    rules = []
    for _ in range(deep):
        orders = [[*order, k] for order in orders for k in range(len(names)) if k not in order]
        rules += [LexRule(family=names[order[0]], order=[(names[k], signs[k]) for k in order]) for order in orders]
    return rules


def market_rules(days: Sequence[float]) -> list[LexRule]:
    """What machines that buy by quotes are seen to do; `days` are the lead times that have been quoted."""
    by_price = [("price", -1), ("days", -1)]
    rules = [
        LexRule(family="cheapest", order=by_price),
        LexRule(family="fastest", order=[("days", -1), ("price", -1)]),
        LexRule(family="known", order=[("known", 1), *by_price]),
        LexRule(family="ours", order=[("ours", 1), *by_price]),
    ]
    for most in sorted(set(days))[:-1]:
        limit = Limit(attribute="days", most=most)
        rules.append(LexRule(family="cheapest_within", order=by_price, limits=[limit]))
    for share in DEARER:
        limit = Limit(attribute="price", most=float(np.log1p(share)), relative=True)
        rules += [
            LexRule(family="fastest_unless_dearer", order=[("days", -1), ("price", -1)], limits=[limit]),
            LexRule(family="known_unless_dearer", order=[("known", 1), *by_price], limits=[limit]),
            LexRule(family="ours_unless_dearer", order=[("ours", 1), *by_price], limits=[limit]),
        ]
    return rules
