"""How buyers choose: the logit, what each buyer weighs, the rules, the chance of winning, the price."""

import os
from pathlib import Path

import numpy as np
import pytest

from kupec.machines.choice import BuyerModel, LexRule, Limit, OfferSeen, RuleFound, Weight, propose_price, win_chance
from kupec.machines.choice.data import ChoiceData, gather
from kupec.machines.choice.evaluation.files import ELECTRICITY, HEATING, MODES, electricity, heating, modes
from kupec.machines.choice.fitter import Order, fitted
from kupec.machines.choice.logit import fit_logit, log_likelihood, slopes
from kupec.machines.choice.mixing import best, predict_weighing
from kupec.machines.choice.models import NAMES
from kupec.machines.choice.pricing import chance_against, picks, quantile
from kupec.machines.choice.rules import market_rules, winners
from kupec.machines.choice.sampling import sample

FOLDER = Path(os.environ.get("KUPEC_CHOICE_DATA", "nowhere"))


def drawn(weights: list[list[float]], each: int, *, seed: int = 4) -> ChoiceData:
    """Choices of buyers with these weights, among two to four offers."""
    chance = np.random.default_rng(seed)
    choices = []
    for buyer, own in enumerate(weights):
        for _ in range(each):
            x = chance.normal(size=(chance.integers(2, 5), len(own))) * [10, 1]
            worth = x @ np.array(own) + chance.gumbel(size=len(x))
            choices.append((f"b{buyer:03}", x.tolist(), int(worth.argmax())))
    return gather(choices, names=("price", "days"))


def test_the_logit_finds_what_was_put_in_and_its_slopes_are_right() -> None:
    data = drawn([[-0.1, 0.7]] * 4, 400)
    found = fit_logit(data)
    assert found.converged
    assert np.all(np.abs(found.weights - [-0.1, 0.7]) < 3 * found.errors)
    assert np.all(found.errors < 0.1)
    at, step = np.array([-0.05, 0.3]), 1e-6
    gradients, bends = slopes(data, at)
    for k in range(2):
        nudge = np.eye(2)[k] * step
        numeric = (log_likelihood(data, at + nudge) - log_likelihood(data, at - nudge)) / (2 * step)
        assert gradients.sum(axis=0)[k] == pytest.approx(numeric, rel=1e-5)
        ahead, behind = slopes(data, at + nudge)[0], slopes(data, at - nudge)[0]
        assert bends.sum(axis=0)[k] == pytest.approx(-(ahead - behind).sum(axis=0) / (2 * step), rel=1e-4)


def test_a_rule_separates_and_only_the_penalty_holds_it() -> None:
    data = gather([("a", [[1.0, 3.0], [2.0, 1.0]], 0), ("a", [[5.0, 1.0], [4.0, 2.0]], 1)] * 5, names=("price", "days"))
    assert not fit_logit(data).converged
    held = fit_logit(data, penalty=1.0)
    assert held.converged
    assert -10 < held.weights[0] < 0


def test_each_buyer_is_learnt_from_its_own_choices_and_from_the_others() -> None:
    weights = [[-0.3, 0.0]] * 15 + [[0.0, -3.0]] * 15
    data = drawn(weights, 12)
    last = data.places() < 2
    posterior = sample(data.part(~last), steps=800, burn=300, keep=100)
    test = data.part(last)
    hits = (best(predict_weighing(posterior, test), test.there) == test.chosen).mean()
    pooled = fit_logit(data.part(~last)).weights
    worth = np.where(test.there, test.x @ pooled, -np.inf)
    assert hits > (worth.argmax(axis=1) == test.chosen).mean() + 0.05
    middle = np.median(posterior.draws, axis=0)
    assert middle[:15, 0].max() < middle[15:, 0].min() + 0.15
    assert middle[:15, 1].min() > middle[15:, 1].max()
    # The same choices make the same draws.
    assert np.array_equal(sample(data.part(~last), steps=800, burn=300, keep=100).draws, posterior.draws)


def some_choices(count: int, *, wrong: int) -> list[tuple[str, list[list[float]], int]]:
    """The cheapest within two days, now and then not; and a buyer who weighs."""
    chance = np.random.default_rng(5)
    found = []
    for number in range(count):
        rows = [
            [float(np.log(chance.uniform(80, 120))), float(chance.integers(0, 6)), 0.0, float(at == 0)]
            for at in range(4)
        ]
        rows[0][1] = 2.0
        quick = [at for at in range(4) if rows[at][1] <= 2]
        rule = min(quick, key=lambda at: rows[at][0])
        others = [at for at in range(4) if at != rule]
        found.append(("rule", rows, others[0] if number < wrong else rule))
        worths = [-12 * row[0] - 0.8 * row[1] + chance.gumbel() for row in rows]
        found.append(("weighs", rows, int(np.argmax(worths))))
    return found


def test_a_rule_is_told_from_weighing_with_its_errors() -> None:
    answer = fitted(Order(choices=some_choices(30, wrong=2)))
    rule, weighs = answer.buyers["rule"], answer.buyers["weighs"]
    first = max(rule.rules, key=lambda one: one.probability)
    assert (first.rule.family, first.rule.limits[0].most) == ("cheapest_within", 2)
    assert first.probability > 0.9
    assert (first.hits, first.misses) == (28, 2)
    assert first.error == pytest.approx(3 / 40)
    assert weighs.weighing > 0.9
    assert weighs.weights["price"].low < -12 < weighs.weights["price"].high
    assert rule.tried == 6
    assert rule.hits == 1.0


def test_rules_say_the_same_on_pages_as_where_they_are_learnt() -> None:
    choices = some_choices(12, wrong=0)
    data = gather(choices, names=NAMES)
    for rule in market_rules([0, 1, 2, 3]):
        taken = winners(rule, NAMES, data.x, data.there)
        for number in range(len(data)):
            rows = [dict(zip(NAMES, row, strict=True)) for row in data.x[number].tolist()]
            assert picks(rule, rows) == np.flatnonzero(taken[number]).tolist()


def an_offer(price: int, days: int = 2, *, ours: bool = False) -> OfferSeen:
    return OfferSeen(seller="own" if ours else "x", unit_price=price, lead_days=days, known=False, ours=ours)


def a_model(weighing: float) -> BuyerModel:
    flat = Weight(middle=0, low=0, high=0)
    rule = LexRule(
        family="cheapest_within", order=[("price", -1), ("days", -1)], limits=[Limit(attribute="days", most=2)]
    )
    return BuyerModel(
        choices=30,
        weighing=weighing,
        weights=dict.fromkeys(NAMES, flat),
        draws=[[-10.0, -0.5, 0.0, 0.0], [-20.0, -0.5, 0.0, 0.0]],
        rules=[RuleFound(rule=rule, probability=1 - weighing, hits=30, misses=0)],
    )


def test_the_chance_of_winning_and_the_price_that_earns_most() -> None:
    alike = [an_offer(1000, ours=True), an_offer(1000)]
    even = win_chance(a_model(1.0), alike, 0)
    assert (even.middle, even.low, even.high) == (0.5, 0.5, 0.5)
    # Ten percent dearer: 1 / (1 + 1.1 ** 10) and 1 / (1 + 1.1 ** 20) are the two draws.
    dearer = win_chance(a_model(1.0), [an_offer(1100, ours=True), an_offer(1000)], 0)
    assert dearer.middle == pytest.approx((1 / (1 + 1.1**10) + 1 / (1 + 1.1**20)) / 2)
    assert (dearer.low, dearer.high) == pytest.approx((1 / (1 + 1.1**20), 1 / (1 + 1.1**10)))
    # Who follows a rule errs one time in forty.
    rival = [[an_offer(1000, 1), an_offer(900, 5)]]
    assert chance_against(a_model(0.0), an_offer(999, ours=True), rival).middle == pytest.approx(1 - 1 / 40)
    assert chance_against(a_model(0.0), an_offer(999, 3, ours=True), rival).middle == pytest.approx(1 / 80)
    proposal = propose_price(a_model(0.0), an_offer(1, ours=True), rival, cost=700, most=1300)
    assert proposal is not None
    assert (proposal.price, proposal.low, proposal.high) == (999, 999, 999)
    assert proposal.margin == pytest.approx(299 * (1 - 1 / 40))
    weighed = propose_price(a_model(1.0), an_offer(1, ours=True), rival, cost=700, most=1300)
    assert weighed is not None
    assert weighed.low <= weighed.price <= weighed.high
    assert weighed.low < weighed.high
    assert all(point.margin <= weighed.margin for point in weighed.curve)
    # More dear, never more likely.
    middles = [point.chance.middle for point in weighed.curve]
    assert middles == sorted(middles, reverse=True)
    assert propose_price(a_model(1.0), an_offer(1, ours=True), rival, cost=1300, most=1300) is None
    assert quantile([(0.5, 1.0), (0.5, 3.0)], 0.5) == 1.0


@pytest.mark.skipif(not FOLDER.is_dir(), reason="KUPEC_CHOICE_DATA names no folder with the published choices")
def test_published_estimates_come_out_again() -> None:
    heat, mode, power = fit_logit(heating(FOLDER)), fit_logit(modes(FOLDER)), fit_logit(electricity(FOLDER))
    assert heat.weights == pytest.approx([-0.0062319, -0.0045801], abs=5e-8)
    assert heat.log_likelihood == pytest.approx(-1095.2, abs=0.05)
    assert mode.weights[:2] == pytest.approx([-0.02849715, 0.07402902], abs=5e-9)
    assert mode.log_likelihood == pytest.approx(-1951.3, abs=0.05)
    assert power.log_likelihood == pytest.approx(-4958.649, abs=5e-4)
    assert {HEATING, MODES, ELECTRICITY} <= {path.name for path in FOLDER.iterdir()}
