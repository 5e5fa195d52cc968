"""How the model of intents is trained: seconds on one core, from the merchant's own phrases and nothing else.

TF-IDF over words, pairs and character groups, a balanced linear support vector machine; the temperature that turns its
margins into probabilities, and the threshold below which a text is "not understood", come from cross-validation.
"""

import sys
from collections import Counter
from collections.abc import Collection, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from kupec.assistant.understanding.grams import grams
from kupec.assistant.understanding.intents import IntentModel, Matrix, features, softmax

Phrase = tuple[str, str]
"""A text and the intent it means."""

_FOLDS = 5
_RIGHT = 0.65
"""Of what the threshold lets through, so much must be right in cross-validation."""
_NOTHING_SURE = 0.95
_LEAST = 0.3
_TEMPERATURES = np.geomspace(0.05, 2.0, 25)


def train(
    phrases: Sequence[Phrase], *, begins: Collection[str] | None = None, outside: Sequence[str] = ()
) -> IntentModel:
    """A model of these phrases; the same phrases give the same one. With fewer than two intents it guesses nothing.

    `begins` are the intents that begin something by themselves (None: all): the threshold keeps those apart.
    `outside` are texts known to mean none of them: with about a hundred, what is rejected is learnt from them.
    """
    unique = sorted(set(phrases))
    classes = sorted({intent for _, intent in unique})
    if len(classes) < 2:
        return _fitted([], [])
    model = _fitted([text for text, _ in unique], [intent for _, intent in unique])
    model.temperature, model.threshold = _calibrated(unique, classes if begins is None else begins)
    return model


def _fitted(texts: Sequence[str], intents: Sequence[str]) -> IntentModel:
    seen = Counter(gram for text in texts for gram in grams(text))
    vocabulary = {gram: row for row, gram in enumerate(sorted(seen))}
    idf = np.array([np.log((1 + len(texts)) / (1 + seen[gram])) + 1 for gram in vocabulary], dtype=np.float32)
    classes = sorted(set(intents))
    if not classes:
        return IntentModel.empty()
    machine = LinearSVC(C=1.0, class_weight="balanced", random_state=0)
    machine.fit(_matrix(texts, vocabulary, idf), intents)
    weights, bias = machine.coef_, machine.intercept_
    if len(classes) == 2:  # two classes share one row of weights
        weights, bias = np.vstack([-weights[0], weights[0]]), np.array([-bias[0], bias[0]])
    return IntentModel(
        classes,
        vocabulary,
        np.ascontiguousarray(weights.T, dtype=np.float32),
        bias.astype(np.float32),
        idf=idf,
        temperature=1.0,
        threshold=0.0,
    )


def _matrix(texts: Sequence[str], vocabulary: dict[str, int], idf: Matrix) -> csr_matrix:
    starts, rows, values = [0], [], []
    for text in texts:
        found, weights = features(text, vocabulary, idf)
        rows.extend(found)
        values.extend(weights)
        starts.append(len(rows))
    return csr_matrix((values, rows, starts), shape=(len(texts), len(vocabulary)), dtype=np.float32)


def _calibrated(phrases: Sequence[Phrase], begins: Collection[str]) -> tuple[float, float]:
    """The temperature that makes held-out phrases likeliest, and the threshold that keeps most of them."""
    counts = Counter(intent for _, intent in phrases)
    kept = [(text, intent) for text, intent in phrases if counts[intent] >= 2]
    if len({intent for _, intent in kept}) < 2:
        return 1.0, 0.5
    intents = [intent for _, intent in kept]
    scores, right = [], []
    folds = StratifiedKFold(min(_FOLDS, min(Counter(intents).values())), shuffle=True, random_state=0)
    for learnt, held in folds.split(np.zeros(len(kept)), intents):
        model = _fitted([kept[place][0] for place in learnt], [kept[place][1] for place in learnt])
        places = {intent: place for place, intent in enumerate(model.classes)}
        for text, intent in (kept[place] for place in held):
            if intent in places:
                scores.append(model.scores(text))
                right.append(places[intent])
    margins, answers = np.vstack(scores), np.array(right)
    likelihoods = [
        np.log(softmax(margins / temperature)[np.arange(len(answers)), answers] + 1e-12).mean()
        for temperature in _TEMPERATURES
    ]
    temperature = float(_TEMPERATURES[int(np.argmax(likelihoods))])
    sure = softmax(margins / temperature)
    counting = np.array([intent in begins for intent in sorted(set(intents))])
    counted = counting[sure.argmax(axis=1)] & counting[answers]
    threshold = _threshold(sure.max(axis=1)[counted], (sure.argmax(axis=1) == answers)[counted])
    return temperature, max(threshold, _LEAST, 1.5 / margins.shape[1])


def _threshold(sure: Matrix, right: npt.NDArray[np.bool_]) -> float:
    """The lowest probability above which enough is right."""
    order = np.argsort(-sure)
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(shares >= _RIGHT)
    return float(sure[order][enough[-1]]) if len(enough) else _NOTHING_SURE


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a process of its own is asked to train, as JSON on its standard input; it answers with the model's bytes."""

    phrases: list[Phrase]
    begins: list[str]
    outside: list[str] = []


def main() -> None:
    """`python -m kupec.assistant.understanding.training`: what trains needs libraries that no other process carries."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(train(order.phrases, begins=frozenset(order.begins), outside=order.outside).dump())


if __name__ == "__main__":
    main()
