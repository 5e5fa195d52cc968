"""Heaps of questions that mean the same, and what they are called."""

import io
import random
import sys
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from kupec.assistant.understanding import clustering
from kupec.assistant.understanding.clustering import ALONE, cluster, telling

PARCEL = [
    "Kde je můj balík?",
    "kde je balik",
    "Kdy dorazí můj balík",
    "balík nedorazil, kde je",
    "Můj balík nikde není",
]
INVOICE = [
    "Potřebuji fakturu na firmu",
    "pošlete mi fakturu",
    "fakturu prosím na firmu",
    "Jak dostanu fakturu?",
    "faktura s IČO na firmu",
]
BITTER = [
    "Why does my coffee taste bitter?",
    "coffee too bitter",
    "my coffee tastes bitter, why",
    "bitter coffee",
    "espresso coffee is so bitter",
]
STRAY = "Sponzorujete dětské tábory?"


def test_what_means_the_same_lies_in_one_heap_whatever_the_order_and_a_stray_question_in_none() -> None:
    texts = [*PARCEL, *INVOICE, *BITTER, STRAY]
    labels = cluster(texts)
    heaps = [{labels[texts.index(text)] for text in topic} for topic in (PARCEL, INVOICE, BITTER)]
    assert all(len(heap) == 1 for heap in heaps), labels
    assert set().union(*heaps) == {0, 1, 2}
    assert labels[-1] == ALONE
    mixed = texts * 2
    random.Random(7).shuffle(mixed)
    again = dict(zip(mixed, cluster(mixed), strict=True))
    assert all(
        (again[one] == again[two]) == (labels[i] == labels[j])
        for i, one in enumerate(texts)
        for j, two in enumerate(texts)
    )
    assert sorted(set(cluster(texts, clusters=4))) == [0, 1, 2, 3], "a number that is asked for leaves nobody alone"


def test_a_heap_is_called_by_a_question_of_its_own_and_by_what_only_it_says() -> None:
    texts = [*PARCEL, *BITTER, "Kde je návod", STRAY]
    named = telling(texts, [0] * 5 + [1] * 5 + [ALONE] * 2)
    assert set(named) == {0, 1}
    assert named[0][0] in PARCEL
    assert named[1][0] in BITTER
    assert any("balik" in phrase for phrase in named[0][1:])
    assert any("bitter" in phrase for phrase in named[1][1:])
    assert telling([], []) == {}


class Meaning:
    """An encoder that knows that a dispatch is a parcel."""

    name, dimensions = "meaning", 2

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        about = np.array([[1.0, 0.1] if {"parcel", "dispatch"} & set(text.split()) else [0.1, 1.0] for text in texts])
        return (about / np.linalg.norm(about, axis=1, keepdims=True)).astype(np.float32)


def test_with_an_encoder_what_is_said_in_other_words_comes_together() -> None:
    texts = ["parcel late", "dispatch delayed", "parcel missing", "refund late", "money delayed", "cashback missing"]
    assert cluster(texts, encoder=Meaning(), clusters=2) == [0, 0, 0, 1, 1, 1]
    assert cluster(texts, clusters=2) != [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("texts", [[], ["?"], ["", "  "], ["hi", "hi"], ["a", "b"], ["x y", "z", "q"]])
def test_next_to_nothing_is_no_trouble(texts: list[str]) -> None:
    labels = cluster(texts)
    assert len(labels) == len(texts)
    assert len(cluster(texts, clusters=1)) == len(texts)
    assert (labels == [0, 0]) is (len(texts) == 2 and len({text.strip() for text in texts}) == 1)


def test_of_very_many_a_part_is_compared_and_the_rest_joins_it(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{text} {number}" for number in range(8) for text in (*PARCEL, *INVOICE, *BITTER)]
    monkeypatch.setattr(clustering, "MOST", 40)
    labels = cluster(texts, clusters=3)
    right = [number % 15 // 5 for number in range(len(texts))]
    pairs = {(label, topic) for label, topic in zip(labels, right, strict=True)}
    assert len(pairs) == 3, "each topic is one heap, and each heap one topic"


def test_as_a_process_it_is_told_texts_and_tells_heaps(monkeypatch: pytest.MonkeyPatch) -> None:
    order = msgspec.json.encode({"texts": [*PARCEL, *BITTER], "clusters": 2})
    told = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(order)))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(told, write_through=True))
    clustering.main()
    heaps = msgspec.json.decode(told.getvalue(), type=clustering.Heaps)
    assert heaps.labels == [0] * 5 + [1] * 5
    assert heaps.telling[1][0] in BITTER
