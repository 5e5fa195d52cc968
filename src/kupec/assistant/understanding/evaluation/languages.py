"""How often the language of a text is recognised, as written and without its accents."""

import time
from collections import Counter
from collections.abc import Sequence

import msgspec

from kupec.assistant.understanding.evaluation.files import Labelled
from kupec.assistant.understanding.evaluation.metrics import accuracy, accuracy_interval, macro_f1
from kupec.assistant.understanding.evaluation.serving import percentile, timed
from kupec.assistant.understanding.languages import built_in_languages, train_languages
from kupec.kit.text import fold

_TIMED = 1000


class Recognised(msgspec.Struct, frozen=True, kw_only=True):
    """Shares from 0 to 1, of all languages and by language."""

    accents: bool
    asked: int
    accuracy: float | None
    accuracy_interval: tuple[float, float] | None
    macro_f1: float | None
    by_language: dict[str, float | None]
    confused: Sequence[tuple[str, str, int]]
    p50_ms: float
    p95_ms: float


class LanguagesReport(msgspec.Struct, frozen=True, kw_only=True):
    """One set of figures for each way of writing that was asked for."""

    trained_on: int
    languages: Sequence[str]
    training_seconds: float
    written: Sequence[Recognised]


def evaluate_languages(
    train: Sequence[Labelled], test: Sequence[Labelled], *, without_accents: bool = False
) -> LanguagesReport:
    """Train, ask, judge. The label of a row is its language; no conversation helps.

    With nothing to train from, what comes with Kupec is asked.
    """
    began = time.process_time()
    model = train_languages([(one.text, one.intent) for one in train]) if train else built_in_languages()
    seconds = time.process_time() - began

    def recognised(accents: bool) -> Recognised:
        texts = [one.text if accents else fold(one.text) for one in test]
        said = [model.language_of(text) or "" for text in texts]
        true = [one.intent for one in test]
        each = timed(lambda text: model.language_of(text), texts[:: max(1, len(texts) // _TIMED)])
        share = accuracy(true, said)
        wrong = Counter((one, other) for one, other in zip(true, said, strict=True) if one != other)
        return Recognised(
            accents=accents,
            asked=len(test),
            accuracy=share,
            accuracy_interval=accuracy_interval(share, len(test)),
            macro_f1=macro_f1(true, said),
            by_language={
                language: accuracy(
                    [language] * true.count(language),
                    [answer for one, answer in zip(true, said, strict=True) if one == language],
                )
                for language in sorted(set(true))
            },
            confused=[(*pair, count) for pair, count in wrong.most_common(5)],
            p50_ms=percentile(each, 0.5),
            p95_ms=percentile(each, 0.95),
        )

    return LanguagesReport(
        trained_on=len(train),
        languages=model.speaks,
        training_seconds=seconds,
        written=[recognised(True), *([recognised(False)] if without_accents else [])],
    )
