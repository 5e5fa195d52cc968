"""A model made from a file of phrases, with what there is to know of it."""

import hashlib
import time
from collections.abc import Sequence

import msgspec

from kupec.assistant.understanding.evaluation.files import Labelled
from kupec.assistant.understanding.evaluation.intents import Sets, notes_on, parted_sets
from kupec.assistant.understanding.evaluation.metrics import accuracy, accuracy_interval
from kupec.assistant.understanding.intents import IntentModel
from kupec.assistant.understanding.training import train
from kupec.kit.encoder import Encoder

_HELD = 5


class TrainingReport(msgspec.Struct, frozen=True, kw_only=True):
    """`accuracy`, `answered` and `wrong` are shares of a fifth that a model of the other phrases was asked."""

    phrases: int
    intents: int
    outside: int
    held_back: int
    accuracy: float | None
    accuracy_interval: tuple[float, float] | None
    answered: float
    wrong: float
    """Answered, and wrongly."""
    threshold: float
    seconds: float
    model_bytes: int
    sha256: str
    encoder: str
    notes: Sequence[str]


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """A model as it is stored, and its report."""

    data: bytes
    report: TrainingReport


def train_from(
    rows: Sequence[Labelled], outside: Sequence[Labelled] = (), *, encoder: Encoder | None = None
) -> Trained:
    """The model of all phrases; the same phrases make the same bytes. Raises BadFile without two intents."""
    sets = Sets(train=rows, test=[], oos_train=outside)
    parted = parted_sets(sets)
    began = time.process_time()
    model = _model(parted.train, parted.oos_train, encoder)
    seconds = time.process_time() - began
    learnt, held = _apart(parted.train)
    less = _model(learnt, parted.oos_train, encoder)
    readings = [less.read(one.text) for one in held]
    said = [reading.guesses[0].intent if reading.guesses else "" for reading in readings]
    true = [one.intent for one in held]
    share = accuracy(true, said)
    answered = [one == other for one, other, read in zip(true, said, readings, strict=True) if read.is_known]
    data = model.dump()
    return Trained(
        data=data,
        report=TrainingReport(
            phrases=len(parted.train),
            intents=len(model.classes),
            outside=len(parted.oos_train),
            held_back=len(held),
            accuracy=share,
            accuracy_interval=accuracy_interval(share, len(held)),
            answered=len(answered) / max(len(held), 1),
            wrong=answered.count(False) / max(len(held), 1),
            threshold=model.threshold,
            seconds=seconds,
            model_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            encoder=encoder.name if encoder else "",
            notes=notes_on(sets, parted),
        ),
    )


def _model(rows: Sequence[Labelled], outside: Sequence[Labelled], encoder: Encoder | None) -> IntentModel:
    return train([(one.text, one.intent) for one in rows], outside=[one.text for one in outside], encoder=encoder)


def _apart(rows: Sequence[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """Of every intent, each fifth different phrase is held back."""
    seen: dict[str, int] = {}
    learnt: list[Labelled] = []
    held: list[Labelled] = []
    for row in sorted(set(rows), key=lambda row: (row.intent, row.text)):
        place = seen[row.intent] = seen.get(row.intent, 0) + 1
        (held if place % _HELD == 0 else learnt).append(row)
    return learnt, held
