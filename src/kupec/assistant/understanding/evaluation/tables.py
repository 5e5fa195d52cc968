"""Reports as tables for a terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from kupec.assistant.understanding.evaluation.clusters import ClustersReport
from kupec.assistant.understanding.evaluation.goals import Goal
from kupec.assistant.understanding.evaluation.intents import IntentsReport
from kupec.assistant.understanding.evaluation.languages import LanguagesReport
from kupec.assistant.understanding.evaluation.retrieval import RetrievalReport
from kupec.assistant.understanding.evaluation.trained import TrainingReport

Line = tuple[str, str]
_WIDTH = 110


def share(value: float | None) -> str:
    """A share as per cent with one digit."""
    return "–" if value is None else f"{value * 100:.1f} %"


def _figure(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _between(value: tuple[float, float] | None) -> str:
    return "" if value is None else f"  ({value[0] * 100:.1f}–{value[1] * 100:.1f})"


def print_table(title: str, lines: Iterable[Line], notes: Sequence[str] = ()) -> None:
    """Two columns, and what should be known beside them."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for name, value in lines:
        table.add_row(name, value)
    console = here()
    console.print(table)
    for note in notes:
        console.print(f"· {note}", markup=False)


def here() -> Console:
    """The terminal, or a page of a fixed width where the output goes into a file."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH)


def show_intents(report: IntentsReport) -> None:
    lines = [
        ("trained on · intents", f"{report.trained_on:,} · {report.intents:,}"),
        ("asked in scope · out of scope", f"{report.asked:,} · {report.asked_outside:,}"),
        ("accuracy, nothing turned away (95 % interval)", share(report.accuracy) + _between(report.accuracy_interval)),
        ("macro-F1", share(report.macro_f1)),
        ("expected calibration error of the first guess", share(report.calibration_error)),
    ]
    if report.asked_outside:
        lines += [
            ("AUROC of “is one of the intents at all”", share(report.auroc)),
            ("its expected calibration error", share(report.known_calibration_error)),
        ]
    for one in report.rejecting:
        lines.append((f"threshold from {one.chosen_on}", _figure(one.threshold)))
        lines.append(("   in scope: right and answered", share(one.in_scope_accuracy)))
        lines.append(("   in scope: answered at all", share(one.in_scope_answered)))
        if report.asked_outside:
            lines.append(("   out of scope: recall", share(one.oos_recall)))
        lines.append(
            ("   with out of scope as a class: accuracy · macro-F1", f"{share(one.accuracy)} · {share(one.macro_f1)}")
        )
        lines.append(("   with out of scope as a class: MCC", _figure(one.mcc)))
    lines += [
        ("a text, CPU of one core: p50 · p95", f"{report.cost.p50_ms:.2f} · {report.cost.p95_ms:.2f} ms"),
        ("training, CPU", f"{report.training_seconds:.1f} s"),
        ("model as stored", f"{report.model_bytes / 1e6:.1f} MB"),
        (
            "memory of a process that answers (of it the model)",
            f"{report.cost.memory_mb:.0f} MB ({report.cost.model_mb:.0f})",
        ),
        ("memory while training and evaluating", f"{report.training_memory_mb:.0f} MB"),
    ]
    taken = [f"“{one}” is taken for “{other}”: {count}" for one, other, count in report.confused[:5]]
    print_table(f"Intents{_with(report.encoder)}", lines, [*report.notes, *taken])


def show_training(report: TrainingReport, into: str) -> None:
    right = share(report.accuracy) + _between(report.accuracy_interval)
    lines = [
        ("phrases · intents · out of scope", f"{report.phrases:,} · {report.intents:,} · {report.outside:,}"),
        (f"a fifth held back, {report.held_back:,}: accuracy", right),
        ("the same: answered at all · wrong", f"{share(report.answered)} · {share(report.wrong)}"),
        ("threshold", _figure(report.threshold)),
        ("training, CPU", f"{report.seconds:.1f} s"),
        ("model", f"{report.model_bytes / 1e6:.1f} MB{' in ' + into if into else ', not kept (--out FILE)'}"),
        ("SHA-256", report.sha256[:32]),
    ]
    print_table(f"Training{_with(report.encoder)}", lines, report.notes)


def show_retrieval(report: RetrievalReport) -> None:
    lines = [
        ("documents · queries", f"{report.documents:,} · {report.asked:,}"),
        ("the right one first: R@1 (95 % interval)", share(report.first) + _between(report.first_interval)),
        ("among five · among ten", f"{share(report.among_5)} · {share(report.among_10)}"),
        ("mean reciprocal rank", _figure(report.reciprocal_rank)),
        ("first and sure (score ≥ 0.5): right · wrong", f"{share(report.known_right)} · {share(report.known_wrong)}"),
        ("expected calibration error of the score", share(report.calibration_error)),
    ]
    if report.asked_outside:
        lines += [
            ("out of scope, yet claimed (score ≥ 0.5)", f"{share(report.known_outside)} of {report.asked_outside:,}"),
            ("AUROC of “somebody answers this”", share(report.auroc)),
        ]
    lines += [
        ("a query, CPU of one core: p50 · p95", f"{report.p50_ms:.2f} · {report.p95_ms:.2f} ms"),
        ("making the index, CPU", f"{report.index_seconds:.2f} s"),
    ]
    print_table(f"Retrieval{_with(report.encoder)}", lines, report.notes)


def show_languages(report: LanguagesReport) -> None:
    learnt = f"{report.trained_on:,} texts" if report.trained_on else "what comes with Kupec"
    lines = [("trained on · languages", f"{learnt} · {', '.join(report.languages)}")]
    notes = []
    for one in report.written:
        way = "as written" if one.accents else "without accents"
        lines.append(
            (f"{way}: accuracy of {one.asked:,} (95 % interval)", share(one.accuracy) + _between(one.accuracy_interval))
        )
        lines.append((f"{way}: macro-F1", share(one.macro_f1)))
        lines += [(f"{way}: {language}", share(value)) for language, value in one.by_language.items()]
        lines.append((f"{way}, CPU of one core: p50 · p95", f"{one.p50_ms:.2f} · {one.p95_ms:.2f} ms"))
        notes += [f"{way}: {true} is taken for {said}: {count}" for true, said, count in one.confused[:3]]
    lines.append(("training, CPU", f"{report.training_seconds:.2f} s"))
    print_table("Languages", lines, notes)


def show_clusters(report: ClustersReport) -> None:
    wanted = "as the texts decide" if report.wanted is None else f"{report.wanted:,} wanted"
    lines = [
        ("texts · intents", f"{report.asked:,} · {report.intents:,}"),
        (f"groups found, {wanted} · texts that are alone", f"{report.found:,} · {report.alone:,}"),
        ("adjusted Rand index", _figure(report.adjusted_rand)),
        ("normalised mutual information", _figure(report.mutual_information)),
        ("purity", share(report.purity)),
        ("CPU", f"{report.seconds:.1f} s"),
    ]
    print_table(f"Clusters{_with(report.encoder)}", lines, [f"{many} × {about}" for many, about in report.largest])


class GoalsTable:
    """Lines as they come: a whole evaluation takes minutes, and who waits wants to see it going."""

    def __init__(self, title: str) -> None:
        self._console = here()
        self._console.print(f"\n{title}", style="bold")
        self._console.print(f"{'set':<44} {'metric':<28} {'figure':>10} {'goal':>9}")

    def add(self, goal: Goal) -> None:
        figure, wanted = _valued(goal.figure, goal.unit), _valued(goal.goal, goal.unit)
        met = {True: "reached", False: "missed", None: ""}[goal.is_met]
        sign = "" if goal.goal is None else "≤ " if goal.lower else "≥ "
        self._console.print(f"{goal.of:<44} {goal.metric:<28} {figure:>10} {sign + wanted:>9} {met}".rstrip())


def _valued(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "%":
        return f"{value * 100:.1f}"
    return f"{value:.3f}" if not unit else f"{value:.2f} {unit}" if value < 10 else f"{value:.0f} {unit}"


def _with(encoder: str) -> str:
    return f", with {encoder}" if encoder else ""
