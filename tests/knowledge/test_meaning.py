"""With an encoder, an article is found by what is meant, whatever the words it is asked for with."""

from collections.abc import Sequence

import numpy as np

from kupec.kit.encoder import Rows
from kupec.knowledge import Encoded, LanguageIndex, Source

ABOUT = {"delivery": 0, "postage": 0, "parcel": 0, "return": 1, "back": 1, "descale": 2, "limescale": 2}


class Subjects:
    """Knows three subjects, and counts what it is asked."""

    name, dimensions = "subjects", 4

    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, texts: Sequence[str]) -> Rows:
        self.encoded += len(texts)
        rows = np.full((len(texts), 4), 0.05, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[ABOUT.get(word, 3)] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


SOURCES = [
    Source(code="shipping", questions=("delivery", "parcel"), answer="delivery"),
    Source(code="returns", questions=("return", "send goods back"), answer="return"),
    Source(code="descaling", questions=("descale", "descale machine"), answer="descale"),
]


def test_what_is_meant_is_found_without_a_word_in_common() -> None:
    encoder = Subjects()
    encoded = Encoded(encoder)
    index = LanguageIndex(SOURCES, "en", encoded=encoded)
    assert index.find("limescale")[0].code == "descaling"
    assert [match.code for match in LanguageIndex(SOURCES, "en").find("limescale")] != ["descaling"]
    made = encoder.encoded
    LanguageIndex(SOURCES, "en", encoded=encoded)
    assert encoder.encoded == made, "what was encoded once is kept"


def test_a_question_taken_away_is_not_found_by_its_own_meaning() -> None:
    strange = Source(code="shipping", questions=("delivery", "limescale"), answer="delivery")
    index = LanguageIndex([strange, *SOURCES[1:]], "en", encoded=Encoded(Subjects()))
    meanings = index.meanings
    assert meanings is not None
    with_it, without = meanings.alike("limescale"), meanings.alike("limescale", but=(1, 0))
    assert with_it[0] > 0.7
    assert without[0] < 0.2, "nothing else of it has to do with that"
    assert np.allclose(without[1:], with_it[1:])
