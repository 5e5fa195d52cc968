"""Is the learning loop worth its reviews? A shop knows a fifth of what it is asked; a person looks 50 times a week.

    python -m bench learning                       # both sets, the table; no encoder
    python -m bench learning --draw docs           # and docs/learning-curve.svg
    python -m bench learning --encoder DIRECTORY   # with a sentence encoder

CLINC150 and BANKING77 are streamed, a part each week, as customers' questions. The model is the shop's (training.py),
the heaps are the loop's (clustering.py); the person is played by the true labels, by the rules in `_reviewed`. From
which probability on the bot answers by itself is chosen from what the loop has been told by then (learning_point.py),
never from the labels of what is still to come or was not looked at.
"""

import argparse
import csv
import gzip
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from bench.learning_curve import curve
from bench.learning_point import NEARLY, Asked, Told, point
from bench.retrieval import SETS
from kupec.assistant.learning.cases import folded, judges, learning_most
from kupec.assistant.understanding import IntentModel
from kupec.assistant.understanding.clustering import ALONE, cluster
from kupec.assistant.understanding.training import train
from kupec.kit.encoder import Encoder, open_encoder

REVIEWS = 50
CHECKS, NEAR = 16, 8
"""Of the reviews so many look at answers that were given, so many at what was nearly answered; the rest at heaps."""
RECENT = 8
"""So many weeks tell from when on the bot may answer."""
SEEN = 12
"""So many questions of a heap a person reads; what is wrong further down stays in."""
HELD_OUT = 0.3
COMPLAIN = 0.3
"""So many of those who are answered wrongly say so; their questions are among the open ones."""
GROWN = 1.1
"""A model with so many times the intents of a week ago is young: it has to show first how good it is."""
OPEN_WEEKS = 3
"""What nobody has decided about for so long is left."""
OUTSIDE = 100
"""So many questions that are nothing of the shop's teach the model to know such."""
NONE = ""
Question = tuple[str, str]
"""What is asked, and what it means: `NONE` where the shop has no intent for it."""


class Shop(msgspec.Struct, kw_only=True):
    """What the shop knows by now."""

    phrases: list[Question]
    outside: list[str] = []
    told: list[Told] = []
    unknown: float | None = None
    """The share of the last week's questions of no known intent, as far as people have seen."""
    sure: float = 1.0
    """From this probability on the bot answers."""
    unlearnt: list[Asked] = []
    """What was asked last week and not learnt from."""
    open: list[Asked] = []
    """What was asked and nobody has decided about."""


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """Shares are of all questions of the week, before anything of it was learnt."""

    week: int
    intents: int
    phrases: int
    asked: int
    right: float
    wrong: float
    sure: float
    """From this probability on the bot answers."""
    seconds: float


def simulate(
    weeks: Sequence[Sequence[Question]],
    begin: Sequence[Question],
    *,
    encoder: Encoder | None = None,
    reviews: int = REVIEWS,
    tell: Callable[[Week], None] = lambda week: None,
) -> list[Week]:
    """One figure a week; `begin` are the phrases that the shop starts with."""
    shop, figures = Shop(phrases=list(begin)), []
    for number, questions in enumerate(weeks):
        began = time.perf_counter()
        outside = shop.outside if len(shop.outside) >= OUTSIDE else ()
        model = train(shop.phrases, outside=outside, encoder=encoder)
        told = [
            Told(asked=_asked(model, one.asked.text, one.asked.meant, one.asked.week), weight=one.weight)
            for one in shop.told
            if one.asked.week >= number - RECENT
        ]
        intents = len({intent for _, intent in shop.phrases})
        sure = shop.sure = point(
            shop.phrases,
            told,
            shop.unknown,
            before=_as_before(model, shop),
            is_young=not figures or intents > figures[-1].intents * GROWN,
            encoder=encoder,
        )
        asked = [_asked(model, text, meant, number) for text, meant in questions]
        given = [one for one in asked if one.known >= sure]
        right = sum(one.is_right for one in given)
        week = Week(
            week=number + 1,
            intents=intents,
            phrases=len(shop.phrases),
            asked=len(asked),
            right=right / len(asked),
            wrong=(len(given) - right) / len(asked),
            sure=sure,
            seconds=time.perf_counter() - began,
        )
        figures.append(week)
        tell(week)
        if number + 1 < len(weeks):
            _reviews(shop, asked, encoder, reviews)
    return figures


def _as_before(model: IntentModel, shop: Shop) -> float:
    """The point until now in the new model's measure: at which it answers as many of last week's unlearnt questions."""
    fresh = sorted((_asked(model, one.text, one.meant, one.week).known for one in shop.unlearnt), reverse=True)
    many = sum(one.known >= shop.sure for one in shop.unlearnt)
    return fresh[many - 1] if many else shop.sure


def _asked(model: IntentModel, text: str, meant: str, week: int) -> Asked:
    """Where the model itself says that it does not know, nothing makes the bot answer."""
    reading = model.read(text)
    guess = reading.guesses[0].intent if reading.guesses else ""
    return Asked(
        text=text, meant=meant, week=week, guess=guess, known=reading.known if guess and reading.is_known else 0.0
    )


def _reviews(shop: Shop, asked: Sequence[Asked], encoder: Encoder | None, reviews: int) -> None:
    """What a person does about a week: look at some answers, at some nearly given, and at the largest heaps."""
    week, known = asked[0].week, {intent for _, intent in shop.phrases}
    given = sorted((one for one in asked if one.known >= shop.sure), key=lambda one: _dice(one.text))
    missed = sorted((one for one in asked if one.known < shop.sure), key=lambda one: _dice(one.text))
    nearly = [one for one in missed if one.known >= shop.sure - NEARLY]
    checks, near = given[:CHECKS], nearly[:NEAR]
    shop.told += [Told(asked=one, weight=len(given) / len(checks) / len(asked)) for one in checks]
    shop.told += [Told(asked=one, weight=len(nearly) / len(near) / len(asked)) for one in near]
    complaints = [one for one in given[len(checks) :] if not one.is_right and _dice(one.text) > 1 - COMPLAIN]
    earlier = [one for one in shop.open if one.week > week - OPEN_WEEKS]
    shop.open = [*earlier, *(one for one in missed if one not in near), *complaints]
    labels = cluster([one.text for one in shop.open], encoder=encoder)
    heaps: dict[int, list[Asked]] = {}
    for one, label in zip(shop.open, labels, strict=True):
        heaps.setdefault(label, []).append(one)
    alone = heaps.pop(ALONE, [])
    gone: set[str] = set()
    seen: list[Asked] = []
    queue = [*(heaps[label] for label in sorted(heaps)), *([one] for one in alone)]
    for heap in queue[: reviews - len(checks) - len(near)]:
        done, same = _reviewed(shop, heap)
        gone |= {one.text for one in done}
        seen += same
    shop.open = [one for one in shop.open if one.text not in gone]
    shop.unlearnt = [one for one in asked if one.text not in gone]
    strange = sum(one.meant not in known for one in seen) / max(len(seen), 1)
    shop.unknown = (
        strange * len(missed) + sum(one.meant not in known for one in checks) * len(given) / max(len(checks), 1)
    ) / len(asked)


def _reviewed(shop: Shop, heap: Sequence[Asked]) -> tuple[Sequence[Asked], list[Asked]]:
    """One review: which questions are decided about, and of which the person has told what they mean.

    What most of those that are seen mean, decides. Where fewer than half mean the same: dismissed, nothing is learnt.
    Where they are nothing of the shop's: dismissed as that. Else the heap is approved as phrases of that intent (a new
    one, if it was not known): the wrong ones among those seen are taken out and stay open; the wrong ones further down,
    which nobody read, are learnt with the rest.
    """
    seen = heap[:SEEN]
    meant, many = Counter(one.meant for one in seen).most_common(1)[0]
    if many * 2 < len(seen):
        return heap, []
    same = [one for one in seen if one.meant == meant]
    if meant == NONE:
        shop.outside += [one.text for one in same]
        return heap, same
    kept = [*same, *heap[SEEN:]]
    # As the loop does it: by its hash a text is learnt from or only judges models; a few are always learnt from.
    must = learning_most([folded(one.text) for one in kept], HELD_OUT)
    shop.phrases += [
        (one.text, meant) for one in kept if folded(one.text) in must or not judges(folded(one.text), HELD_OUT)
    ]
    return kept, same


def _dice(text: str) -> float:
    return int.from_bytes(hashlib.sha256(f"dice {text}".encode()).digest()[:8], "big") / 2**64


def stream(name: str, begin: float, weeks: int, each: int, lot: str) -> tuple[list[list[Question]], list[Question]]:
    """The questions of a set by week, and what the shop begins with: ten phrases of a part of the intents.

    `lot` draws which intents these are and who asks when.
    """
    few, questions = _rows(f"{name}/train_10.csv.gz"), _rows(f"{name}/train.csv.gz")
    if name == "clinc150":
        for part in ("oos_train", "oos_val", "oos_test"):
            questions += [(text, NONE) for text, _ in _rows(f"clinc150/{part}.csv.gz")]
    intents = sorted({intent for _, intent in few}, key=lambda intent: _dice(lot + intent))
    known = set(intents[: round(begin * len(intents))])
    first = [one for one in few if one[1] in known]
    asked = sorted(set(questions) - set(first), key=lambda one: _dice(lot + one[0]))
    return [asked[each * week : each * (week + 1)] for week in range(weeks)], first


def _rows(name: str) -> list[Question]:
    with gzip.open(SETS / name, "rt", encoding="utf-8", newline="") as file:
        return [(row["text"], row["intent"]) for row in csv.DictReader(file)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench learning", description=__doc__.splitlines()[0])
    parser.add_argument("--weeks", type=int, default=16)
    parser.add_argument("--questions", type=int, default=600, help="a week")
    parser.add_argument("--lot", default="fresh", help="another word draws other intents to begin with, another order")
    parser.add_argument("--only", choices=("clinc150", "banking77"))
    parser.add_argument("--encoder", type=Path, help="the directory of a sentence encoder")
    parser.add_argument("--draw", type=Path, help="the folder for learning-curve.svg and learning-curve.json")
    options = parser.parse_args()
    encoder = None if options.encoder is None else open_encoder(options.encoder)
    told: dict[str, list[Week]] = {}
    for name in (options.only,) if options.only else ("clinc150", "banking77"):
        weeks, begin = stream(name, 0.2, options.weeks, options.questions, options.lot)
        print(f"\n{name}\n week  intents  phrases  asked   right   wrong  from  seconds")
        told[name] = simulate(weeks, begin, encoder=encoder, tell=_line)
    if options.draw is not None:
        (options.draw / "learning-curve.json").write_text(json.dumps(msgspec.to_builtins(told), indent=1) + "\n")
        (options.draw / "learning-curve.svg").write_text(
            curve({name.upper(): [(week.right, week.wrong) for week in weeks] for name, weeks in told.items()})
        )


def _line(week: Week) -> None:
    print(
        f"{week.week:5} {week.intents:8} {week.phrases:8} {week.asked:6} {week.right:7.1%} {week.wrong:7.1%} "
        f"{week.sure:5.2f} {week.seconds:8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
