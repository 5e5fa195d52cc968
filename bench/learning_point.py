"""From when on the bot may answer by itself, by what the shop knows: its phrases, and what people told.

Every week a person looks at some of the answers that were given, and at some of the questions that were nearly
answered, drawn by lot. They are never learnt from, so that any later model can be asked how sure it would have been,
and how much would have been wrong from which probability on. So few are looked at that the phrases tell as well: read
by models that did not learn from them, and, as many as there are questions about what the shop does not know, by models
that did not even know their intent. They count as one week more. The point sinks little by little.
"""

from collections.abc import Collection, Sequence

import msgspec
import numpy as np

from kupec.assistant.understanding.training import train
from kupec.kit.encoder import Encoder

WRONG = 0.01
"""Of all questions so many may be answered wrongly by what was told. The rest of the 3 % is for what nobody looked at:
above all for questions that were not nearly answered last week, and that a new model is sure of, wrongly.
"""
NEARLY = 0.05
"""What was missed by no more than this was nearly answered."""
UNKNOWN = 0.8
"""The share of questions of no known intent, as long as nobody has looked."""
_OF, _FEW = 4, 400
"""A fourth is held out at a time: each in its turn as long as there are few phrases, later one."""
_ANY = 1e-6
"""Above nothing: where the model says that it does not know, it stays silent at any point."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question, what it truly means, and what the model of its week took it for, as sure as it was."""

    text: str
    meant: str
    week: int
    guess: str
    known: float

    @property
    def is_right(self) -> bool:
        return bool(self.guess) and self.guess == self.meant


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A question, drawn by lot, of which a person has told what it means."""

    asked: Asked
    weight: float
    """The share of the questions of its week that it stands for."""


Sample = tuple[float, bool, float]
"""How sure, whether wrong, and the share of all questions it stands for."""


def point(
    phrases: Sequence[tuple[str, str]],
    told: Sequence[Told],
    unknown: float | None,
    *,
    before: float,
    is_young: bool,
    encoder: Encoder | None,
) -> float:
    """The least probability from which on hardly any of all questions would have been answered wrongly.

    `told` is of the last weeks, `unknown` the share of questions of no known intent, if anybody has looked,
    `before` the point until now. For a young model it sinks by half.
    """
    by_phrases = _by_phrases(phrases, UNKNOWN if unknown is None else unknown, encoder)
    weeks = len({one.asked.week for one in told})
    if not weeks:
        return _lowest(by_phrases)
    looked = [(one.asked.known, not one.asked.is_right, one.weight) for one in told]
    samples = [(known, wrong, share / (weeks + 1)) for known, wrong, share in [*by_phrases, *looked]]
    lowest = _lowest(samples)
    return max(lowest, before - (NEARLY / 2 if is_young else NEARLY))


def _lowest(samples: Sequence[Sample]) -> float:
    known, wrong, weight = (np.array(column, dtype=float) for column in zip(*samples, strict=True))
    order = np.argsort(-known, kind="stable")
    share = np.cumsum((wrong * weight)[order])
    over = np.flatnonzero(share > WRONG)
    return max(float(known[order][over[0]]) + _ANY, _ANY) if len(over) else _ANY


def _by_phrases(phrases: Sequence[tuple[str, str]], unknown: float, encoder: Encoder | None) -> list[Sample]:
    """`unknown` of the whole for phrases whose intent the model did not know."""
    intents = sorted({intent for _, intent in phrases})
    strange: list[tuple[float, bool]] = []
    usual: list[tuple[float, bool]] = []
    for fold in range(_OF) if len(phrases) < _FEW else [len(phrases) % _OF]:
        left_out = set(intents[fold::_OF])
        held = [
            (phrase, phrase[1] in left_out)
            for place, phrase in enumerate(phrases)
            if phrase[1] in left_out or place % _OF == fold
        ]
        model = train(_without(phrases, {phrase for phrase, _ in held}), encoder=encoder)
        for (text, intent), is_strange in held:
            reading = model.read(text)
            guess = reading.guesses[0].intent if reading.guesses else ""
            known = reading.known if guess and reading.is_known else 0.0
            (strange if is_strange else usual).append((known, guess != intent))
    return [
        *((known, wrong, unknown / len(strange)) for known, wrong in strange),
        *((known, wrong, (1 - unknown) / len(usual)) for known, wrong in usual),
    ]


def _without(phrases: Sequence[tuple[str, str]], held: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
    return [phrase for phrase in phrases if phrase not in held]
