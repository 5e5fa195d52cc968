"""How machines choose, in words: rules, weights, what became of requests; and the figures of the charts."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from babel.numbers import format_decimal

from kupec.kit.i18n import mark as _
from kupec.machines.choice import NAMES, BuyerModel, Chance, LexRule, Proposal, RuleFound, Weight, even_odds
from kupec.machines.market import OWN, Cheapest, Fastest, Named, Rfq, Rule
from kupec.web.desk.reader import Reader, ngettext
from kupec.web.desk.rollout_events import percent

MARKET_SENTENCES: Final = {
    "rfq.opened": _("A machine asked sellers for {quantity} × {sku}"),
    "rfq.quoted": _("A sealed quote came in"),
    "rfq.quoted:again": _("A sealed quote took the place of an earlier one"),
    "rfq.quoted_by_policy": _("Sellers quoted by their policies: {quotes}"),
    "rfq.quote_late": _("A quote came too late and was not looked at"),
    "rfq.opened_up": _("The quotes were opened; the buyer names the winner"),
    "rfq.awarded": _("The request was awarded at {unit_price} a piece, among quotes: {quotes}"),
    "rfq.awarded:own": _("This shop won the request at {unit_price} a piece, among quotes: {quotes}"),
    "rfq.failed": _("The request ended without an award"),
    "rfq.ordered": _("What was won was ordered"),
    "rfq.ordered:asked": _("What was won waits for its owner’s approval"),
    "rfq.ordered:refused": _("What was won could not be ordered: {reason}"),
    "quoting_policy.set": _("A seller’s quoting policy was set, version {version}"),
    "choice.observed": _("A choice made elsewhere was noted"),
    "choice.fitted": _("Learnt from {choices} choices how machines choose"),
}
MARKET_VARIANTS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "rfq.quoted": lambda payload: ":again" if payload.get("again") else "",
    "rfq.awarded": lambda payload: ":own" if payload.get("seller") == OWN else "",
    "rfq.ordered": lambda payload: f":{payload['state']}" if payload.get("state") in ("asked", "refused") else "",
}
MARKET_ICONS: Final = {"rfq": "tag", "quoting_policy": "settings", "choice": "bulb"}

QUOTING_SECTION: Final = (
    _("Quotes to machines"),
    _("How this shop quotes by itself when a machine asks: what a piece costs, what is to be earned, how soon."),
)
MARKET_SECTION: Final = (
    _("Bounds of the market"),
    _("How much one machine may ask and quote, and how long what was decided is kept."),
)
MARKET_FIELDS: Final = {
    "market.requests_a_minute": _("Requests of one machine in a minute"),
    "market.quotes_a_minute": _("Quotes of one seller in a minute"),
    "market.keep_days": _("Kept after the deadline (days)"),
}
QUOTING_FIELDS: Final = {
    "quoting.on": _("Quotes by itself"),
    "quoting.cost_bp": _("A piece costs, in hundredths of a percent of its list price"),
    "quoting.costs": _("What single articles cost, by SKU"),
    "quoting.aim_bp": _("To be earned on the cost, in hundredths of a percent"),
    "quoting.floor_bp": _("To be earned at least, in hundredths of a percent"),
    "quoting.lead_days": _("Days until the goods are there"),
    "quoting.capacity": _("Pieces of an article that may be won in a week"),
    "quoting.steps": _("Off for larger quantities"),
    "quoting.quantity": _("From so many pieces on"),
    "quoting.off_bp": _("Off, in hundredths of a percent"),
}

STATES: Final = {
    "open": _("sealed"),
    "choosing": _("the buyer chooses"),
    "awarded": _("awarded"),
    "failed": _("without an award"),
}
STATE_TONES: Final = {"open": "accent", "choosing": "warn", "awarded": "good", "failed": ""}
AWARD_STATES: Final = {
    "told": _("the winner delivers"),
    "ordering": _("is being ordered"),
    "ordered": _("ordered"),
    "asked": _("waits for its owner’s approval"),
    "refused": _("could not be ordered"),
}
FATES: Final = {
    "won": _("won"),
    "lost": _("did not win"),
    "late": _("too late"),
    "replaced": _("replaced"),
    "too_few": _("too few pieces"),
    "too_dear": _("above the buyer’s limit"),
    "too_slow": _("too slow"),
}
REASONS: Final = {
    "no_quote": _("nobody quoted"),
    "none_valid": _("no quote was valid"),
    "not_named": _("the buyer named nobody in time"),
}
TIES: Final = {
    "price": _("equal by the rule; the lower price decided"),
    "days": _("equal by the rule; fewer days decided"),
    "lot": _("equal by the rule; decided by lot"),
}
_RULES: Final = {
    "cheapest": _("Always the cheapest"),
    "fastest": _("Always the fastest"),
    "known": _("Always whom it bought from last"),
    "ours": _("Always this shop"),
    "fastest_unless_dearer": _("The fastest that is at most {share} dearer than the cheapest"),
    "known_unless_dearer": _("Whom it bought from last, unless more than {share} dearer than the cheapest"),
    "ours_unless_dearer": _("This shop, unless more than {share} dearer than the cheapest"),
}
_WEIGHS: Final = {
    "price": _("Price 10 % higher"),
    "days": _("A day later"),
    "known": _("Bought from last time"),
    "ours": _("This shop, not another"),
}
_CHANGES: Final = {"price": 0.09531, "days": 1.0, "known": 1.0, "ours": 1.0}
"""How much of each attribute a line speaks of; a tenth more is 0.095 in logarithms."""
_SURE = 0.9
WIDTH, HEIGHT, LEFT, FOOT = 640, 220, 44, 190


class WeightLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one change does to an even chance: figures from 0 to 100 for the bar, and words."""

    title: str
    middle: float
    low: float
    high: float
    tone: str
    said: str
    range: str


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """The curve of a proposal as a picture: lines of points, marks, and the rows of its table."""

    chance: str
    margin: str
    band: str
    proposed: float
    asked: float | None
    span: tuple[float, float]
    ticks: list[tuple[float, str]]
    rows: list[tuple[str, str, str, str]]


def rule_in_words(rule: LexRule, reader: Reader) -> str:
    """“The cheapest within 2 days”."""
    if rule.family == "cheapest_within":
        days = int(rule.limits[0].most)
        if days == 0:
            return reader.text(_("The cheapest of those that deliver the same day"))
        return reader.count(*ngettext("The cheapest within {n} day", "The cheapest within {n} days"), days)
    share = percent(round(2.718281828459045 ** rule.limits[0].most - 1, 2), reader.language) if rule.limits else ""
    return reader.text(_RULES[rule.family]).format(share=share)


def manner_of(model: BuyerModel, reader: Reader) -> tuple[str, str]:
    """How a buyer chooses in one sentence, and how sure that is."""
    best = max(model.rules, key=lambda one: one.probability, default=None)
    if best is not None and best.probability >= max(0.5, model.weighing):
        return rule_in_words(best.rule, reader), sureness(best.probability, reader)
    if model.weighing >= 0.5:
        return _heaviest(model, reader), sureness(model.weighing, reader)
    return reader.text(_("By a rule, not yet clear which")), sureness(1 - model.weighing, reader)


def sureness(value: float, reader: Reader) -> str:
    """A probability of a manner; nothing learnt from some choices is quite sure."""
    if value > 0.99:
        return f"> {percent(0.99, reader.language)}"
    return percent(round(value, 2), reader.language) if value >= 0.01 else f"< {percent(0.01, reader.language)}"


def _heaviest(model: BuyerModel, reader: Reader) -> str:
    """What moves an even chance most."""
    moved = {
        name: abs(even_odds(model.weights[name].middle, _CHANGES[name]) - 0.5)
        for name in NAMES
        if _clear(model.weights[name])
    }
    if not moved:
        return reader.text(_("Weighs, nothing clearly yet"))
    words = {
        "price": _("Weighs, the price above all"),
        "days": _("Weighs, the days above all"),
        "known": _("Weighs, and keeps to whom it bought from last"),
        "ours": _("Weighs, and prefers this shop")
        if model.weights["ours"].middle > 0
        else _("Weighs, and prefers others"),
    }
    return reader.text(words[max(moved, key=lambda name: moved[name])])


def is_sure(found: RuleFound) -> bool:
    return found.probability >= _SURE


def _clear(weight: Weight) -> bool:
    return weight.low > 0 or weight.high < 0


def weight_lines(model: BuyerModel, reader: Reader) -> list[WeightLine]:
    """What each change does to an even chance between two offers alike."""
    lines = []
    for name in NAMES:
        weight = model.weights[name]
        low, middle, high = (even_odds(value, _CHANGES[name]) for value in (weight.low, weight.middle, weight.high))
        tone = "" if not _clear(weight) else "good" if middle > 0.5 else "bad"
        lines.append(
            WeightLine(
                title=reader.text(_WEIGHS[name]),
                middle=round(100 * middle, 2),
                low=round(100 * low, 2),
                high=round(100 * high, 2),
                tone=tone,
                said=_share(middle, reader),
                range=f"{_share(low, reader)} – {_share(high, reader)}",
            )
        )
    return lines


def chance_in_words(chance: Chance | None, reader: Reader) -> tuple[str, str]:
    """The middle, and from where to where."""
    if chance is None:
        return "—", ""
    return _share(chance.middle, reader), f"{_share(chance.low, reader)} – {_share(chance.high, reader)}"


def _share(value: float, reader: Reader) -> str:
    return percent(round(value, 2), reader.language)


def published_rule(rule: Rule, reader: Reader) -> str:
    """How an award is made, as it was told to everybody."""
    if isinstance(rule, Cheapest):
        return reader.text(_("The lowest price"))
    if isinstance(rule, Fastest):
        if rule.dearer_bp is None:
            return reader.text(_("The fewest days"))
        share = percent(rule.dearer_bp / 10_000, reader.language)
        return reader.text(_("The fewest days, at most {share} above the lowest price")).format(share=share)
    if isinstance(rule, Named):
        return reader.text(_("The buyer names the winner"))
    told = _("The most points: price {price}, days {days}, bought from last {known}")
    return reader.text(told).format(price=rule.price, days=rule.days, known=rule.known)


def seller_word(seller: str, names: Mapping[str, str], reader: Reader) -> str:
    return reader.text(_("This shop")) if seller == OWN else names.get(seller, seller)


def fate_of(rfq: Rfq, quote_id: Any, state: str, reader: Reader) -> str:
    """What became of a quote."""
    judged = rfq.verdict.judged if rfq.verdict is not None else []
    fate = next((one.fate for one in judged if one.quote_id == quote_id), state)
    return reader.text(FATES[fate]) if fate in FATES else "—"


def drawn(proposal: Proposal, currency: str, asked: int | None, reader: Reader) -> Drawn:
    """The proposal's curve."""
    curve = proposal.curve
    first, last = curve[0].price, max(curve[-1].price, curve[0].price + 1)
    best = max((point.margin for point in curve), default=0) or 1

    def across(price: float) -> float:
        return round(LEFT + (WIDTH - LEFT - 8) * (min(max(price, first), last) - first) / (last - first), 1)

    def up(share: float) -> float:
        return round(FOOT - (FOOT - 12) * share, 1)

    over = [(across(point.price), up(point.chance.high)) for point in curve]
    under = [(across(point.price), up(point.chance.low)) for point in reversed(curve)]
    rows = [
        (
            reader.money(point.price, currency),
            _share(point.chance.middle, reader),
            chance_in_words(point.chance, reader)[1],
            reader.money(round(point.margin), currency),
        )
        for point in _thinned(curve, proposal.price)
    ]
    return Drawn(
        chance=_line([(across(point.price), up(point.chance.middle)) for point in curve]),
        margin=_line([(across(point.price), up(point.margin / best)) for point in curve]),
        band=_line([*over, *under]),
        proposed=across(proposal.price),
        asked=across(asked) if asked is not None and first <= asked <= last else None,
        span=(across(proposal.low), max(2.0, across(proposal.high) - across(proposal.low))),
        ticks=[(across(price), _short(price, reader)) for price in (first, (first + last) // 2, last)],
        rows=rows,
    )


def _thinned(curve: list[Any], kept: int) -> list[Any]:
    every = max(1, len(curve) // 12)
    return [point for number, point in enumerate(curve) if number % every == 0 or point.price == kept]


def _line(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _short(price: int, reader: Reader) -> str:
    return str(format_decimal(round(price / 100), locale=reader.language))
