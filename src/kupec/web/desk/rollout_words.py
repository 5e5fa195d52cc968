"""Words of the pages about roll-outs: what is tried, the metrics, how a comparison and a guardrail stand."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from babel.numbers import format_decimal

from kupec.assistant import current_flows, model_history
from kupec.experiments import LIVE, METRICS, Comparison, Experiment, Guarded, Metric, Results
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.knowledge import articles_by_codes
from kupec.web.desk.reader import Reader
from kupec.web.desk.rollout_events import ROLLOUT_CODES, percent

STATES: Final = {"running": _("is being tried"), "stopped": _("stopped"), "finished": _("finished")}
TONES: Final = {"running": "good", "stopped": "warn", "finished": ""}
METRIC_WORDS: Final = {
    "handover": _("Handed over to people"),
    "csat": _("Rated by customers"),
    "error": _("Went wrong"),
    "resolved": _("Settled by the bot"),
}
GUARD_TONES: Final = {"waiting": "", "fine": "good", "broken": "bad"}
GUARD_WORDS: Final = {
    "waiting": _("waits for figures"),
    "fine": _("within its margin"),
    "broken": _("broken"),
}
SAME, BETTER, WORSE = _("No difference that can be told yet"), _("Better"), _("Worse")
NOTHING = _("Nothing to compare yet")


class Span(msgspec.Struct, frozen=True):
    """An interval as it is drawn, in percent of the width: the worse is left, the better right."""

    low: float
    high: float
    middle: float


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of a roll-out in words. `narrow` is for a single look, `wide` for any number of looks."""

    metric: str
    title: str
    live: str
    live_n: int
    tried: str
    tried_n: int
    live_range: str
    tried_range: str
    difference: str
    once: str
    always: str
    p: str
    verdict: str
    tone: str
    narrow: Span | None
    wide: Span | None
    limit: float | None
    """Where the guardrail stands, in percent of the width."""


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """A guardrail in words."""

    title: str
    rule: str
    state: str
    tone: str
    counted: str


def number(reader: Reader, value: float, places: int) -> str:
    return str(format_decimal(value, format="0." + "0" * places if places else "0", locale=reader.language))


def measured(reader: Reader, metric: Metric, value: float | None) -> str:
    """A mean: a share in percent, a rating as a number."""
    if value is None:
        return "—"
    if metric.is_share:
        return percent(value, reader.language, exact=True)
    return number(reader, value, 2)


def apart(reader: Reader, metric: Metric, value: float, *, sign: bool = True) -> str:
    """A difference: in percentage points, or in points of the rating."""
    size = number(reader, abs(value) * 100, 1) if metric.is_share else number(reader, abs(value), 2)
    before = ("+" if value > 0 else "−" if value < 0 else "") if sign else ""
    return f"{before}{size}"


def unit(reader: Reader, metric: Metric) -> str:
    return reader.text(_("percentage points")) if metric.is_share else reader.text(_("points"))


def _range(reader: Reader, metric: Metric, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "—"
    return reader.text(_("{low} to {high}")).format(low=apart(reader, metric, low), high=apart(reader, metric, high))


def lines_of(results: Results, reader: Reader) -> list[Line]:
    """Every metric of the first arm under trial."""
    return [_line(results, metric, reader) for metric in METRICS.values()]


def _line(results: Results, metric: Metric, reader: Reader) -> Line:
    arm = results.experiment.candidate.name
    live, tried = results.figure(LIVE, metric.code), results.figure(arm, metric.code)
    compared = results.comparison(arm, metric.code)
    margin = next((one.margin for one in results.experiment.guardrails if one.metric == metric.code), None)
    reach = _reach(compared, margin)
    verdict, tone = _verdict(metric, compared)
    return Line(
        metric=metric.code,
        title=reader.text(METRIC_WORDS[metric.code]),
        live=measured(reader, metric, live.mean),
        live_n=live.n,
        tried=measured(reader, metric, tried.mean),
        tried_n=tried.n,
        live_range=_between(reader, metric, live.low, live.high),
        tried_range=_between(reader, metric, tried.low, tried.high),
        difference="—" if compared.among_equals is None else apart(reader, metric, compared.among_equals),
        once=_range(reader, metric, compared.low, compared.high),
        always=_range(reader, metric, compared.always_low, compared.always_high),
        p=number(reader, compared.p, 3) if compared.always_low is not None else "—",
        verdict=reader.text(verdict),
        tone=tone,
        narrow=_span(metric, compared.low, compared.high, compared.difference, reach),
        wide=_span(metric, compared.always_low, compared.always_high, compared.among_equals, reach),
        limit=None if margin is None else _place(-margin, reach),
    )


def _between(reader: Reader, metric: Metric, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "—"
    return f"{measured(reader, metric, low)} – {measured(reader, metric, high)}"


def _reach(compared: Comparison, margin: float | None) -> float:
    """How far the picture goes to either side."""
    found = [compared.low, compared.high, compared.always_low, compared.always_high, margin]
    return max((abs(one) for one in found if one is not None), default=1.0) * 1.1 or 1.0


def _place(value: float, reach: float) -> float:
    return round(50 + 50 * value / reach, 1)


def _span(metric: Metric, low: float | None, high: float | None, middle: float | None, reach: float) -> Span | None:
    if low is None or high is None or middle is None:
        return None
    if metric.less_is_better:
        low, high, middle = -high, -low, -middle
    return Span(_place(low, reach), _place(high, reach), _place(middle, reach))


def _verdict(metric: Metric, compared: Comparison) -> tuple[str, str]:
    if compared.always_low is None or compared.always_high is None:
        return NOTHING, ""
    more = compared.always_low > 0
    if not more and compared.always_high >= 0:
        return SAME, ""
    return (WORSE, "bad") if more == metric.less_is_better else (BETTER, "good")


def watches_of(guards: Sequence[Guarded], reader: Reader) -> list[Watch]:
    """The guardrails, with what each waits for."""
    return [_watch(one, reader) for one in guards]


def _watch(one: Guarded, reader: Reader) -> Watch:
    metric, guardrail = METRICS[one.guardrail.metric], one.guardrail
    rule = reader.text(
        _("stops when it is worse by more than {margin} {unit}, from {least} of each version on")
    ).format(
        margin=apart(reader, metric, guardrail.margin, sign=False), unit=unit(reader, metric), least=guardrail.least
    )
    if guardrail.at_once:
        rule = reader.text(_("{rule}; at once when errors come in a flood")).format(rule=rule)
    counted = reader.text(_("{live} and {tried} counted")).format(live=one.live_n, tried=one.candidate_n)
    return Watch(
        title=reader.text(METRIC_WORDS[metric.code]),
        rule=rule,
        state=reader.text(GUARD_WORDS[one.state]),
        tone=GUARD_TONES[one.state],
        counted=counted,
    )


class Names(msgspec.Struct, frozen=True):
    """What subjects and versions are called."""

    flows: dict[str, str]
    articles: dict[str, str]
    models: dict[str, str]
    reader: Reader

    def subject(self, subject: str) -> str:
        kind, _colon, code = subject.partition(":")
        if kind == "flow":
            return self.reader.text(_("Flow: {name}")).format(name=self.flows.get(code, code))
        if kind == "wording":
            return self.reader.text(_("Answer: {name}")).format(name=self.articles.get(code, code))
        return self.reader.text(_("The bot’s model")) if kind == "model" else self.reader.text(_("The bot’s settings"))

    def version(self, subject: str, version: str) -> str:
        if subject == "model":
            return self.models.get(version, version[-6:])
        shown, _dot, _revision = version.partition(".")
        if shown == "0":
            return self.reader.text(_("as shipped"))
        return self.reader.text(_("version {n}")).format(n=shown)

    def address(self, subject: str) -> str:
        """Where it is edited."""
        kind, _colon, code = subject.partition(":")
        places = {
            "flow": f"/desk/flows/{code}",
            "wording": f"/desk/knowledge/articles/{code}",
            "model": "/desk/learning/model",
            "bot": "/desk/settings/rules/bot",
        }
        return places.get(kind, "")


async def names_of(db: Connection, subjects: Sequence[str], reader: Reader) -> Names:
    """The names of all that these subjects speak of."""
    articles = [one.partition(":")[2] for one in subjects if one.startswith("wording:")]
    flows = await current_flows(db) if any(one.startswith("flow:") for one in subjects) else ()
    models = await model_history(db) if "model" in subjects else []
    return Names(
        flows={program.flow.code: program.title(reader.language) for program in flows},
        articles={
            code: _title(article.content.texts, reader.language)
            for code, article in (await articles_by_codes(db, articles) if articles else {}).items()
        },
        models={str(one.id): reader.text(_("of {when}")).format(when=reader.moment(one.trained_at)) for one in models},
        reader=reader,
    )


def _title(texts: dict[str, Any], language: str) -> str:
    own = texts.get(language) or next(iter(texts.values()))
    return str(own.title)


def reason_of(experiment: Experiment, reader: Reader) -> str:
    """Why it was stopped; empty where a person just did."""
    code = experiment.reason
    return "" if code in ("", "person") else reader.text(ROLLOUT_CODES[code]) if code in ROLLOUT_CODES else code
