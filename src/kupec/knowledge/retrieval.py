"""Which article answers a question: BM25 and pieces of words over how people ask, and over question and answer.

How it is weighed and why, how well it does, and how a score becomes a probability: docs/algorithms/retrieval.md.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from kupec.knowledge.calibration import Calibration, Trial, calibrate
from kupec.knowledge.meaning import Encoded, Meanings
from kupec.knowledge.postings import Postings
from kupec.knowledge.terms import LONGEST_QUERY, Counted, Floats, Vocabulary, piece_terms, stems_of

_TRIALS: Final = 300
_FAR: Final = -1.0
_BEGINNING: Final = 1000
"""Characters of question and answer whose pieces of words are compared."""


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """How much each comparison counts; those of terms make 1. How they were chosen: docs/algorithms/retrieval.md."""

    question_words: float = 0.04
    question_words_alike: float = 0.06
    question_pieces: float = 0.05
    question_pieces_alike: float = 0.15
    whole_words: float = 0.2
    whole_words_alike: float = 0.08
    whole_pieces: float = 0.22
    whole_pieces_alike: float = 0.2
    meaning: float = 0.7
    """Of everything, where there is an encoder."""


WEIGHTS: Final = Weights()


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """An article in one language, as it is searched: the ways to ask for it, and what it says."""

    code: str
    questions: tuple[str, ...]
    answer: str


class Match(msgspec.Struct, frozen=True):
    """`score` is a probability; `likeness` what it was made of; `question` the nearest way to ask."""

    code: str
    score: float
    likeness: float
    question: str


class Vocabularies:
    """What is kept from one index of a language to the next."""

    def __init__(self) -> None:
        self.words = Vocabulary()
        self.pieces = Vocabulary()


class LanguageIndex:
    """All articles of one language, arranged for being asked. Never changes."""

    def __init__(
        self,
        sources: Sequence[Source],
        language: str,
        *,
        vocabularies: Vocabularies | None = None,
        weights: Weights = WEIGHTS,
        encoded: Encoded | None = None,
    ) -> None:
        self.language = language
        self.weights = weights
        self.vocabularies = vocabularies or Vocabularies()
        self.codes = [source.code for source in sources if source.questions]
        asked = [source for source in sources if source.questions]
        self.questions = [question for source in asked for question in source.questions]
        self._first = np.cumsum([0, *(len(source.questions) for source in asked)])
        self._owner = np.repeat(np.arange(len(asked)), np.diff(self._first))
        self.meanings: Meanings | None = None
        self._make(asked, encoded)
        self.calibration = calibrate(self._trials()) if asked else Calibration()

    def _make(self, sources: Sequence[Source], encoded: Encoded | None) -> None:
        kept = self.vocabularies
        wholes = ["\n".join((*source.questions, source.answer)) for source in sources]
        begins = [whole[:_BEGINNING] for whole in wholes]
        self._words = [self._count(kept.words, question, stems_of) for question in self.questions]
        self._pieces = [self._count(kept.pieces, question, piece_terms) for question in self.questions]
        whole_words = [self._count(kept.words, text, stems_of) for text in wholes]
        whole_pieces = [self._count(kept.pieces, text, piece_terms) for text in begins]
        kept.words.keep_only({*self.questions, *wholes})
        kept.pieces.keep_only({*self.questions, *begins})
        self._by_words = Postings(self._words, len(kept.words))
        self._by_pieces = Postings(self._pieces, len(kept.pieces))
        self._whole_by_words = Postings(whole_words, len(kept.words))
        self._whole_by_pieces = Postings(whole_pieces, len(kept.pieces))
        if encoded is not None and sources:
            self.meanings = Meanings(encoded, self.questions, begins, self._first)

    def _count(self, vocabulary: Vocabulary, text: str, terms: object) -> Counted:
        return vocabulary.known(text) or vocabulary.count(text, terms(text, self.language))  # type: ignore[operator]

    def find(self, text: str, limit: int = 5) -> list[Match]:
        """The likeliest articles, best first."""
        if not self.codes:
            return []
        likeness, nearest = self._likeness(text[:LONGEST_QUERY])
        few = min(limit + 1, len(self.codes))
        top = np.argpartition(-likeness, few - 1)[:few]
        top = top[np.lexsort((top, -likeness[top]))]
        scores = self.calibration.scores(likeness[top])
        return [
            Match(self.codes[place], float(score), float(likeness[place]), self.questions[nearest[place]])
            for place, score in zip(top[:limit], scores, strict=False)
            if likeness[place] > 0
        ]

    def _likeness(self, text: str, *, but: int | None = None) -> tuple[Floats, Floats]:
        """Of every article, and its nearest question; `but` is a question that is taken away first."""
        weights = self.weights
        words = self.vocabularies.words.look_up(stems_of(text, self.language))
        pieces = self.vocabularies.pieces.look_up(piece_terms(text, self.language))
        cosine, said = self._by_words.compare(words)
        asked = weights.question_words * said + weights.question_words_alike * cosine
        cosine, said = self._by_pieces.compare(pieces)
        asked += weights.question_pieces * said + weights.question_pieces_alike * cosine
        word_out = piece_out = None
        if but is not None:
            asked[but] = _FAR
            owner = int(self._owner[but])
            word_out, piece_out = (owner, self._words[but]), (owner, self._pieces[but])
        best = np.maximum.reduceat(asked, self._first[:-1])
        cosine, said = self._whole_by_words.compare(words, without=word_out)
        whole = weights.whole_words * said + weights.whole_words_alike * cosine
        cosine, said = self._whole_by_pieces.compare(pieces, without=piece_out)
        whole += weights.whole_pieces * said + weights.whole_pieces_alike * cosine
        likeness = np.maximum(best, 0) + whole
        if self.meanings is not None:
            out = None if but is None else (but, int(self._owner[but]))
            likeness += weights.meaning * (self.meanings.alike(text, but=out) - likeness)
        return likeness, self._nearest(asked, best)

    def _nearest(self, asked: Floats, best: Floats) -> Floats:
        """By article, the first question that is as near as its nearest."""
        hits = np.flatnonzero(asked == best[self._owner])
        found = np.zeros(len(self.codes), np.int64)
        found[self._owner[hits[::-1]]] = hits[::-1]
        return found

    def _trials(self) -> list[Trial]:
        """Questions asked as if they were not known: without themselves, and without their whole article."""
        step = max(1, len(self.questions) // _TRIALS)
        several = np.diff(self._first) > 1
        trials = []
        for number in range(0, len(self.questions), step):
            owner = self._owner[number]
            if not several[owner] or len(self.codes) < 3:
                continue
            likeness, _nearest = self._likeness(self.questions[number], but=number)
            order = np.argsort(-likeness)[:3]
            trials.append(
                Trial(best=float(likeness[order[0]]), next=float(likeness[order[1]]), right=bool(order[0] == owner))
            )
            others = [float(likeness[place]) for place in order if place != owner]
            trials.append(Trial(best=others[0], next=others[1], right=False))
        return trials
