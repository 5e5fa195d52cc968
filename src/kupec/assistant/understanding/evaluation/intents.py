"""How well intents are told apart, and how well what is none of them is turned away."""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec
import numpy as np

from kupec.assistant.understanding.evaluation.files import BadFile, Fault, Labelled
from kupec.assistant.understanding.evaluation.metrics import (
    accuracy,
    accuracy_interval,
    at_threshold,
    auroc,
    best_threshold,
    calibration_error,
    macro_f1,
    mcc,
)
from kupec.assistant.understanding.evaluation.serving import Cost, memory_mb, serving_cost
from kupec.assistant.understanding.intents import IntentModel, Reading
from kupec.assistant.understanding.training import train
from kupec.kit.encoder import Encoder

OUTSIDE = "NO_NODES_DETECTED"
OUTSIDE_LABELS = (OUTSIDE, "oos", "ood", "out_of_scope", "out-of-scope")
"""What files call a text that is none of the intents."""
_MANY_SHOWN = 10


class Sets(msgspec.Struct, frozen=True, kw_only=True):
    """What is trained with and what is asked. Only `test` and `oos` are for the figures; nothing is chosen on them."""

    train: Sequence[Labelled]
    test: Sequence[Labelled]
    oos: Sequence[Labelled] = ()
    valid: Sequence[Labelled] = ()
    oos_train: Sequence[Labelled] = ()
    oos_valid: Sequence[Labelled] = ()
    outside_labels: Collection[str] = OUTSIDE_LABELS


class Rejecting(msgspec.Struct, frozen=True, kw_only=True):
    """What one threshold does to the test. `mcc`, `accuracy` and `macro_f1` count "out of scope" as one more class."""

    threshold: float
    chosen_on: str
    in_scope_accuracy: float
    in_scope_answered: float
    oos_recall: float | None
    mcc: float | None
    accuracy: float | None
    macro_f1: float | None


class IntentsReport(msgspec.Struct, frozen=True, kw_only=True):
    """All figures are shares from 0 to 1 unless the name says a unit."""

    trained_on: int
    intents: int
    asked: int
    asked_outside: int
    accuracy: float | None
    accuracy_interval: tuple[float, float] | None
    macro_f1: float | None
    calibration_error: float | None
    """Of the first guess's probability."""
    known_calibration_error: float | None
    """Of the probability that a text is one of the intents."""
    auroc: float | None
    rejecting: Sequence[Rejecting]
    training_seconds: float
    model_bytes: int
    training_memory_mb: float
    cost: Cost
    encoder: str
    notes: Sequence[str]
    confused: Sequence[tuple[str, str, int]]
    """What is taken for what the most often."""


def evaluate_intents(sets: Sets, *, encoder: Encoder | None = None, encoder_at: Path | None = None) -> IntentsReport:
    """Train, ask, judge; `encoder_at` is where the encoder lies. Raises BadFile without two intents to train with."""
    parted = parted_sets(sets)
    began = time.process_time()
    model = train(
        [(one.text, one.intent) for one in parted.train],
        outside=[one.text for one in parted.oos_train],
        encoder=encoder,
    )
    seconds = time.process_time() - began
    inside, outside = _read(model, parted.test), _read(model, parted.oos)
    true = [one.intent for one in parted.test]
    said = [_first(reading) for reading in inside]
    right = [one == other for one, other in zip(true, said, strict=True)]
    share = accuracy(true, said)
    known = [reading.known for reading in (*inside, *outside)]
    is_inside = [True] * len(inside) + [False] * len(outside)
    return IntentsReport(
        trained_on=len(parted.train),
        intents=len(model.classes),
        asked=len(inside),
        asked_outside=len(outside),
        accuracy=share,
        accuracy_interval=accuracy_interval(share, len(true)),
        macro_f1=macro_f1(true, said),
        calibration_error=calibration_error([_sure(reading) for reading in inside], right),
        known_calibration_error=calibration_error(known, is_inside) if outside else None,
        auroc=auroc(known, is_inside),
        rejecting=_rejecting(model, parted, inside, outside),
        training_seconds=seconds,
        model_bytes=len(model.dump()),
        training_memory_mb=memory_mb("VmHWM"),
        cost=serving_cost(model, [one.text for one in (*parted.test, *parted.oos)], encoder_at),
        encoder=encoder.name if encoder else "",
        notes=notes_on(sets, parted),
        confused=_confused(true, said),
    )


def parted_sets(sets: Sets) -> Sets:
    """The same, with what is labelled as out of scope where it belongs."""
    outside = {label.casefold() for label in sets.outside_labels}

    def apart(rows: Sequence[Labelled], others: Sequence[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
        ins = [one for one in rows if one.intent.casefold() not in outside]
        return ins, [*others, *(one for one in rows if one.intent.casefold() in outside)]

    learnt, oos_train = apart(sets.train, sets.oos_train)
    test, oos = apart(sets.test, sets.oos)
    valid, oos_valid = apart(sets.valid, sets.oos_valid)
    if len({one.intent for one in learnt}) < 2:
        reason = "has fewer than two intents; expected texts of at least two, so that there is something to tell apart"
        raise BadFile([Fault(file="--train", line=0, field="intent", reason=reason)])
    return msgspec.structs.replace(
        sets, train=learnt, oos_train=oos_train, test=test, oos=oos, valid=valid, oos_valid=oos_valid
    )


def _read(model: IntentModel, rows: Sequence[Labelled]) -> list[Reading]:
    return [model.read(one.text) for one in rows]


def _first(reading: Reading) -> str:
    return reading.guesses[0].intent if reading.guesses else ""


def _sure(reading: Reading) -> float:
    return reading.guesses[0].probability if reading.guesses else 0.0


def _rejecting(
    model: IntentModel, sets: Sets, inside: Sequence[Reading], outside: Sequence[Reading]
) -> list[Rejecting]:
    """At the model's own threshold, and at one chosen on validation texts where both kinds are there."""
    thresholds = [(model.threshold, "training")]
    if sets.valid and sets.oos_valid:
        valid = _read(model, sets.valid)
        right = [_first(reading) == one.intent for reading, one in zip(valid, sets.valid, strict=True)]
        away = [reading.known for reading in _read(model, sets.oos_valid)]
        thresholds.insert(0, (best_threshold([one.known for one in valid], right, away), "validation"))
    return [_judged(*chosen, sets, inside, outside) for chosen in thresholds]


def _judged(
    threshold: float, chosen_on: str, sets: Sets, inside: Sequence[Reading], outside: Sequence[Reading]
) -> Rejecting:
    known = [reading.known for reading in inside]
    right = [_first(reading) == one.intent for reading, one in zip(inside, sets.test, strict=True)]
    cut = at_threshold(known, right, [reading.known for reading in outside], threshold)
    true = [*(one.intent for one in sets.test), *(OUTSIDE for _ in outside)]
    said = [_first(one) if one.known >= threshold else OUTSIDE for one in (*inside, *outside)]
    return Rejecting(
        threshold=threshold,
        chosen_on=chosen_on,
        in_scope_accuracy=cut.in_scope_accuracy,
        in_scope_answered=float(np.mean([one >= threshold for one in known])) if known else 0.0,
        oos_recall=cut.oos_recall if outside else None,
        mcc=mcc(true, said),
        accuracy=accuracy(true, said),
        macro_f1=macro_f1(true, said),
    )


def notes_on(sets: Sets, parted: Sets) -> list[str]:
    """What one should know of the files to read the figures rightly."""
    known = {one.intent for one in parted.train}
    by_text: dict[str, set[str]] = {}
    for one in parted.train:
        by_text.setdefault(one.text.casefold(), set()).add(one.intent)
    unseen = Counter(one.intent for one in parted.test if one.intent not in known)
    both = sum(one.text.casefold() in by_text for one in parted.test)
    twice = len(parted.train) - len({(one.text, one.intent) for one in parted.train})
    torn = sum(len(intents) > 1 for intents in by_text.values())
    lone = sum(count == 1 for count in Counter(one.intent for one in parted.train).values())
    told = (
        (
            sum(unseen.values()),
            f"test texts mean an intent that was not trained: {', '.join(list(unseen)[:_MANY_SHOWN])}",
        ),
        (both, "test texts stand in the training, too"),
        (twice, "training rows are there more than once; each counts once"),
        (torn, "training texts are given under more than one intent"),
        (lone, "intents have a single example"),
        (len(sets.train) - len(parted.train), "training rows are labelled as out of scope and train the rejector"),
    )
    return [f"{count:,} {what}" for count, what in told if count]


def _confused(true: Sequence[str], said: Sequence[str]) -> list[tuple[str, str, int]]:
    wrong = Counter((one, other) for one, other in zip(true, said, strict=True) if one != other)
    return [(one, other, count) for (one, other), count in sorted(wrong.items(), key=lambda pair: (-pair[1], pair[0]))][
        :_MANY_SHOWN
    ]
