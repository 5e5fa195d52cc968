"""How the model of intents is trained: seconds on one core, from the merchant's own phrases and nothing else.

TF-IDF over words, pairs and character groups, balanced linear support vector machines; the temperature that turns their
margins into probabilities, and what is rejected, come from phrases held out (`calibrating.py`).
"""

import sys
from collections.abc import Collection, Sequence

import msgspec
import numpy as np

from kupec.assistant.understanding.calibrating import Material, calibrate
from kupec.assistant.understanding.fitting import count, fit, kept, name_of, named, vocabulary_of
from kupec.assistant.understanding.grams import take_apart
from kupec.assistant.understanding.intents import IntentModel, meaning_of
from kupec.kit.encoder import Encoder, open_encoder

Phrase = tuple[str, str]
"""A text and the intent it means."""


def train(
    phrases: Sequence[Phrase],
    *,
    begins: Collection[str] | None = None,
    outside: Sequence[str] = (),
    encoder: Encoder | None = None,
) -> IntentModel:
    """A model of these phrases; the same phrases give the same one. With fewer than two intents it guesses nothing.

    `begins` are the intents that begin something by themselves (None: all): the threshold keeps those apart.
    `outside` are texts known to mean none of them: with about a hundred, what is rejected is learnt from them.
    With an `encoder` the model goes by meaning as well, wherever it is opened with the same one.
    """
    unique = sorted(set(phrases))
    intents = sorted({intent for _, intent in unique})
    if len(intents) < 2:
        return IntentModel.empty()
    places = {intent: place for place, intent in enumerate(intents)}
    phrased = [*(take_apart(text) for text, _ in unique), *(named(intent) for intent in intents)]
    vocabulary = vocabulary_of(phrased)
    if not vocabulary:
        return IntentModel.empty()
    foreign = sorted(set(outside))
    elsewhere = [take_apart(text) for text in foreign]
    classes = [*(places[intent] for _, intent in unique), *range(len(intents)), *(len(intents) for _ in elsewhere)]
    counted = count([*phrased, *elsewhere], vocabulary)
    if encoder is not None:
        names = [name_of(intent) for intent in intents]
        counted = counted._replace(encoded=encoder.encode([*(text for text, _ in unique), *names, *foreign]))
    material = Material(counted, np.array(classes), len(unique), len(intents))
    calibrated = calibrate(material, np.array([begins is None or intent in begins for intent in intents]))
    learnt = material.learnt()
    fitted = fit(material.counted.part(learnt), material.classes[learnt], len(intents))
    return IntentModel(
        intents,
        vocabulary,
        kept(fitted.views),
        temperature=calibrated.temperature,
        rejector=calibrated.rejector,
        threshold=calibrated.threshold,
        meaning=meaning_of(encoder, fitted.sentences, kept([fitted.along] if fitted.along else []), calibrated.merged),
        encoder=encoder,
    )


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a process of its own is asked to train, as JSON on its standard input; it answers with the model's bytes."""

    phrases: list[Phrase]
    begins: list[str]
    outside: list[str] = []
    encoder: str = ""
    """The directory of a sentence encoder, if there is one."""


def main() -> None:
    """`python -m kupec.assistant.understanding.training`: what trains needs libraries that no other process carries."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    encoder = open_encoder(order.encoder) if order.encoder else None
    model = train(order.phrases, begins=frozenset(order.begins), outside=order.outside, encoder=encoder)
    sys.stdout.buffer.write(model.dump())


if __name__ == "__main__":
    main()
