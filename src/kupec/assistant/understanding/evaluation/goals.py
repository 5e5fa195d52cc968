"""The goals' table: the public sets of a folder, each asked as its authors split it, the goal beside the figure."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from kupec.assistant.understanding.evaluation.clusters import evaluate_clusters
from kupec.assistant.understanding.evaluation.files import Labelled, read_labelled
from kupec.assistant.understanding.evaluation.intents import IntentsReport, Sets, evaluate_intents
from kupec.assistant.understanding.evaluation.languages import evaluate_languages
from kupec.assistant.understanding.evaluation.retrieval import evaluate_retrieval, threads
from kupec.kit.encoder import Encoder

_XSID = ("en", "de", "nl", "sr", "lt")
_LANGUAGES = ("cs", "pl", "sk", "en", "de", "es")


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A figure and what it should be. `lower` is whether less is better; no goal is None."""

    of: str
    metric: str
    figure: float | None
    goal: float | None
    unit: str = "%"
    lower: bool = False

    @property
    def is_met(self) -> bool | None:
        if self.goal is None or self.figure is None:
            return None
        return self.figure <= self.goal if self.lower else self.figure >= self.goal


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """With what the understanding works: nothing but the texts, or an encoder, too."""

    data: Path
    encoder: Encoder | None = None
    encoder_at: Path | None = None

    def rows(self, name: str, *, needs_label: bool = True) -> list[Labelled]:
        return read_labelled(self.data / f"{name}.csv.gz", needs_label=needs_label, left_out=[])

    def goal(self, lexical: float | None, encoded: float | None) -> float | None:
        return encoded if self.encoder else lexical


def goals(means: Means) -> Iterator[Goal]:
    """One after the other, as they are measured; sets that are not in the folder are left out."""
    for needed, measure in _MEASURES:
        if (means.data / needed).exists():
            yield from measure(means)


def _intents(means: Means, sets: Sets) -> IntentsReport:
    return evaluate_intents(sets, encoder=means.encoder, encoder_at=means.encoder_at)


def _banking(means: Means) -> Iterator[Goal]:
    test = means.rows("banking77/test")
    report = _intents(means, Sets(train=means.rows("banking77/train"), test=test))
    yield Goal(of="BANKING77", metric="accuracy", figure=report.accuracy, goal=means.goal(0.93, 0.95))
    yield Goal(of="", metric="expected calibration error", figure=report.calibration_error, goal=None)
    yield Goal(
        of="",
        metric="a text, p95",
        figure=report.cost.p95_ms,
        goal=means.goal(1.0, 8.0),
        unit="ms",
        lower=True,
    )
    yield Goal(of="", metric="training", figure=report.training_seconds, goal=15.0, unit="s", lower=True)
    yield Goal(
        of="",
        metric="memory, answering",
        figure=report.cost.memory_mb,
        goal=means.goal(150.0, 250.0),
        unit="MB",
        lower=True,
    )
    yield Goal(of="", metric="model as stored", figure=report.model_bytes / 1e6, goal=None, unit="MB", lower=True)
    few = _intents(means, Sets(train=means.rows("banking77/train_10"), test=test))
    yield Goal(of="BANKING77, 10 examples each", metric="accuracy", figure=few.accuracy, goal=means.goal(0.79, 0.88))


def _clinc(means: Means) -> Iterator[Goal]:
    outside = {name: means.rows(f"clinc150/{name}", needs_label=False) for name in ("oos_train", "oos_val", "oos_test")}
    report = _intents(
        means,
        Sets(
            train=means.rows("clinc150/train"),
            test=means.rows("clinc150/test"),
            oos=outside["oos_test"],
            valid=means.rows("clinc150/val"),
            oos_train=outside["oos_train"],
            oos_valid=outside["oos_val"],
        ),
    )
    chosen = report.rejecting[0]
    yield Goal(of="CLINC150", metric="accuracy, nothing rejected", figure=report.accuracy, goal=None)
    yield Goal(of="", metric="in-scope accuracy", figure=chosen.in_scope_accuracy, goal=means.goal(0.91, 0.935))
    yield Goal(of="", metric="out-of-scope recall", figure=chosen.oos_recall, goal=means.goal(0.85, 0.925))
    yield Goal(of="", metric="AUROC", figure=report.auroc, goal=means.goal(0.965, 0.985))


def _hint(means: Means) -> Iterator[Goal]:
    for name, called, wanted in (
        ("curekart", "Curekart", means.goal(0.66, 0.70)),
        ("powerplay11", "Powerplay11", means.goal(0.42, 0.48)),
    ):
        sets = Sets(train=means.rows(f"hint3/{name}_v1_train"), test=means.rows(f"hint3/{name}_v1_test"))
        report = _intents(means, sets)
        own = report.rejecting[0]
        yield Goal(of=f"HINT3 v1 {called}", metric="MCC", figure=own.mcc, goal=wanted, unit="")
        yield Goal(of="", metric="in-scope accuracy", figure=own.in_scope_accuracy, goal=None)
        yield Goal(of="", metric="out-of-scope recall", figure=own.oos_recall, goal=None)


def _xsid(means: Means) -> Iterator[Goal]:
    for language in _XSID:
        sets = Sets(train=means.rows(f"xsid/{language}_valid"), test=means.rows(f"xsid/{language}_test"))
        figure = _intents(means, sets).accuracy
        yield Goal(of=f"xSID {language}, 300 examples", metric="accuracy", figure=figure, goal=0.95)


def _faq(means: Means) -> Iterator[Goal]:
    whole = threads(means.data / "stackfaq.json.gz")
    if whole is not None:
        report = evaluate_retrieval(*whole, encoder=means.encoder)
        yield Goal(of="StackFAQ", metric="R@1", figure=report.first, goal=means.goal(0.85, 0.95))
        yield Goal(of="", metric="R@5", figure=report.among_5, goal=None)


def _groups(means: Means) -> Iterator[Goal]:
    for folder, called, wanted in (
        ("banking77", "BANKING77", means.goal(0.40, 0.55)),
        ("clinc150", "CLINC150", means.goal(0.50, 0.72)),
    ):
        if not (means.data / folder).exists():
            continue
        rows = means.rows(f"{folder}/test")
        report = evaluate_clusters(rows, clusters=len({row.intent for row in rows}), encoder=means.encoder)
        of = f"clusters of {called}, as many as intents"
        yield Goal(of=of, metric="ARI", figure=report.adjusted_rand, goal=wanted, unit="")
        free = evaluate_clusters(rows, encoder=means.encoder)
        of = f"clusters of {called}, {free.found} found"
        yield Goal(of=of, metric="ARI", figure=free.adjusted_rand, goal=None, unit="")


def _languages(means: Means) -> Iterator[Goal]:
    """Nothing of the set is learnt: what comes with Kupec is asked."""
    if means.encoder is not None:
        return
    asked: dict[str, list[Labelled]] = {"sentences": [], "word-pairs": [], "single-words": []}
    for kind, rows in asked.items():
        for language in _LANGUAGES:
            path = means.data / "langid" / f"{kind}_{language}.txt.gz"
            lines = [Labelled(text=one.text, intent=language) for one in read_labelled(path, needs_label=False)]
            rows += lines
    if (means.data / "cs_restaurant").exists():
        said = read_labelled(means.data / "cs_restaurant/test.csv.gz", needs_label=False)
        asked["what a restaurant says (cs)"] = [Labelled(text=one.text, intent="cs") for one in said]
    for kind, rows in asked.items():
        report = evaluate_languages([], rows, without_accents=True)
        plain, bare = report.written
        yield Goal(of=f"languages: {kind}", metric="accuracy", figure=plain.accuracy, goal=None)
        wanted = 0.96 if kind.startswith(("sentences", "what")) else None
        yield Goal(of="", metric="cs without accents", figure=bare.by_language["cs"], goal=wanted)


_MEASURES: Sequence[tuple[str, Callable[[Means], Iterator[Goal]]]] = (
    ("banking77", _banking),
    ("clinc150", _clinc),
    ("hint3", _hint),
    ("xsid", _xsid),
    ("stackfaq.json.gz", _faq),
    ("banking77", _groups),
    ("langid", _languages),
)
