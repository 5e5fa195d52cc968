"""How a candidate compares with the model that answers now, in plain words and tables."""

from collections.abc import Iterable

import msgspec
from babel.numbers import format_decimal

from kupec.assistant import ExampleOutcome, Judged, ModelReport
from kupec.kit.i18n import mark as _
from kupec.web.desk.learning_words import Intents, percent
from kupec.web.desk.reader import Reader

TONES = {"no worse": "good", "worse": "bad", "too few cases": "warn"}
ICONS = {"no worse": "check", "worse": "ban", "too few cases": "alert"}
VERDICTS = {
    "no worse": _("This version is no worse than the one that answers now."),
    "worse": _("This version is worse than the one that answers now."),
    "too few cases": _("It cannot be told yet whether this version is worse."),
}
SHORT_VERDICTS = {"no worse": _("no worse"), "worse": _("worse"), "too few cases": _("a person decides")}


class ReportInWords(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows of a report. `publishable`: it may be; `needs_person`: by somebody who has looked."""

    tone: str
    icon: str
    verdict: str
    because: str
    publishable: bool
    needs_person: bool
    figures: list[tuple[str, str, str]]
    columns: list[str]
    better: list[tuple[str, ...]]
    worse: list[tuple[str, ...]]
    changed: list[tuple[str, ...]]
    failed_columns: list[str]
    failed: list[tuple[str, ...]]


def report_in_words(report: ModelReport, intents: Intents, reader: Reader) -> ReportInWords:
    broken = [one for one in report.examples if one.live and not one.candidate]
    return ReportInWords(
        tone=TONES[report.verdict],
        icon=ICONS[report.verdict],
        verdict=reader.text(VERDICTS[report.verdict]),
        because=_because(report, reader),
        publishable=report.verdict != "worse",
        needs_person=report.verdict == "too few cases",
        figures=_figures(report, reader),
        columns=[
            reader.text(each) for each in (_("Question"), _("It means"), _("Answers now"), _("Candidate answers"))
        ],
        better=_rows(report.answers, "better", intents, reader),
        worse=_rows(report.answers, "worse", intents, reader),
        changed=_rows(report.answers, "changed", intents, reader),
        failed_columns=[reader.text(each) for each in (_("How it begins"), _("Flow"), _("Example"))],
        failed=[_example(one, intents) for one in broken],
    )


def _because(report: ModelReport, reader: Reader) -> str:
    margin = points(report.margin, reader)
    match report.why:
        case "examples":
            return reader.text(_("Examples of flows do not begin rightly any more; they stand below."))
        case "difference":
            said = reader.text(
                _(
                    "Of {cases} checked questions it answers {better} better and {worse} worse. It may lose at most "
                    "{margin} of right answers."
                )
            )
        case "lower":
            said = reader.text(
                _(
                    "Of {cases} checked questions it answers {better} better and {worse} worse. It may still lose up "
                    "to {lost} of right answers, and {margin} is allowed. Look at what changes, then decide."
                )
            )
        case "cases":
            said = reader.text(
                _(
                    "{cases} of the {needed} checked questions that a fair comparison takes are there. Until then a "
                    "person decides: look at what changes below."
                )
            )
        case _:
            said = reader.text(
                _(
                    "Of {cases} checked questions it answers {better} better and {worse} worse. That it loses more "
                    "than {margin} of right answers is ruled out with 95 % certainty."
                )
            )
    return _filled(said, report, margin, reader)


def _filled(said: str, report: ModelReport, margin: str, reader: Reader) -> str:
    values = {
        "cases": format_decimal(report.cases, locale=reader.language),
        "needed": format_decimal(report.needed, locale=reader.language),
        "better": format_decimal(report.better, locale=reader.language),
        "worse": format_decimal(report.worse, locale=reader.language),
        "lost": points(max(0.0, -report.lower), reader),
        "margin": margin,
    }
    for name, value in values.items():
        said = said.replace("{" + name + "}", value)
    return said


def points(share: float, reader: Reader) -> str:
    """A share of one as percentage with a decimal where it has one."""
    number = format_decimal(round(100 * share, 1), "0.#", locale=reader.language)
    return f"{number}%" if reader.language == "en" else f"{number} %"


def _figures(report: ModelReport, reader: Reader) -> list[tuple[str, str, str]]:
    rows = []
    if report.cases:
        rows.append(
            (
                reader.text(_("Checked questions answered rightly")),
                _part(report.live_right, report.cases, reader),
                _part(report.candidate_right, report.cases, reader),
            )
        )
    examples = report.examples_passed + report.examples_failed
    if examples:
        lost = sum(one.live and not one.candidate for one in report.examples)
        won = sum(one.candidate and not one.live for one in report.examples)
        before = report.examples_passed + lost - won
        rows.append(
            (
                reader.text(_("Example conversations that begin rightly")),
                _part(before, examples, reader),
                _part(report.examples_passed, examples, reader),
            )
        )
    return rows


def _part(right: int, all_: int, reader: Reader) -> str:
    return f"{percent(right / all_, reader.language)} ({right} / {all_})" if all_ else "—"


def _rows(answers: Iterable[Judged], change: str, intents: Intents, reader: Reader) -> list[tuple[str, ...]]:
    nothing = reader.text(_("does not know"))
    return [
        (
            one.text,
            intents.title(one.expected),
            intents.title(one.live) if one.live else nothing,
            intents.title(one.candidate) if one.candidate else nothing,
        )
        for one in answers
        if one.change == change
    ]


def _example(one: ExampleOutcome, intents: Intents) -> tuple[str, ...]:
    return (one.text, intents.title(one.flow), one.name)
