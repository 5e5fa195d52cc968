"""Inverted lists in numpy: how alike a question is to every row at once."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from kupec.knowledge.terms import Counted, Floats, Ints

_K1: Final = 1.2
_B: Final = 0.6
_LEAST_RARE: Final = 0.1
_MANY: Final = 500
_COMMON: Final = 0.25


class Postings:
    """By term, the rows it stands in and how often. Immutable once made."""

    def __init__(self, rows: Sequence[Counted], size: int) -> None:
        self.rows = len(rows)
        self._texts = list(rows)
        lengths = np.fromiter((len(row.terms) for row in rows), np.int64, len(rows))
        terms = np.concatenate([row.terms for row in rows]) if rows else np.zeros(0, np.int32)
        times = np.concatenate([row.times for row in rows]) if rows else np.zeros(0, np.float32)
        numbers = np.repeat(np.arange(len(rows), dtype=np.int32), lengths)
        order = np.argsort(terms, kind="stable")
        self.size = size
        found_in = np.bincount(terms, minlength=size) if len(terms) else np.zeros(size, np.int64)
        self.starts = np.concatenate([[0], np.cumsum(found_in)])
        # What stands in every fourth of many rows tells little and takes the longest.
        self._telling = found_in <= self.rows * _COMMON if self.rows > _MANY else np.ones(size, bool)
        self.where: Ints = numbers[order]
        self.times: Floats = times[order]
        self.rare: Floats = np.log((1 + self.rows) / (1 + found_in)).astype(np.float32) + np.float32(_LEAST_RARE)
        self.rarest = float(np.log(1 + self.rows)) + _LEAST_RARE
        length = np.bincount(numbers, weights=times, minlength=self.rows)
        self._damping: Floats = _K1 * (1 - _B + _B * length / max(float(length.mean()) if len(length) else 1.0, 1.0))
        damped = (1 + np.log(self.times)) * np.repeat(self.rare, found_in)
        norms = np.sqrt(np.bincount(self.where, weights=damped**2, minlength=self.rows))
        self.weights: Floats = (damped / np.maximum(norms, 1e-9)[self.where]).astype(np.float32)

    def compare(self, asked: Counted, *, without: tuple[int, Counted] | None = None) -> tuple[Floats, Floats]:
        """The cosine and BM25 with every row; BM25 as a share of what a row that says only this would have.

        `without` takes a text out of a row: so that what was asked is not found in itself.
        """
        places, owners = self._pick(asked)
        cosine, bm25 = self._cosine(asked, places, owners), self._bm25(asked, places, owners)
        if without is not None:
            row, text = without
            cosine[row], bm25[row] = self._against(asked, _less(self._texts[row], text, self.size))
        return cosine, bm25

    def _pick(self, asked: Counted) -> tuple[Ints, Ints]:
        """The places in the lists of the question's terms, and for each which of its terms it is."""
        known = np.flatnonzero((asked.terms >= 0) & (asked.terms < self.size))
        known = known[self._telling[asked.terms[known]]]
        terms = asked.terms[known]
        begins = self.starts[terms]
        counts = self.starts[terms + 1] - begins
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        return np.arange(total) + np.repeat(begins - (ends - counts), counts), np.repeat(known, counts)

    def _rarity(self, asked: Counted) -> Floats:
        known = (asked.terms >= 0) & (asked.terms < self.size)
        rare = np.full(len(asked.terms), self.rarest)
        rare[known] = self.rare[asked.terms[known]]
        return rare

    def _cosine(self, asked: Counted, places: Ints, owners: Ints) -> Floats:
        weights = (1 + np.log(asked.times)) * self._rarity(asked)
        norm = float(np.sqrt((weights**2).sum())) or 1.0
        share = (weights / norm)[owners]
        return np.bincount(self.where[places], weights=self.weights[places] * share, minlength=self.rows)

    def _bm25(self, asked: Counted, places: Ints, owners: Ints) -> Floats:
        rare = self._rarity(asked)
        rows, times = self.where[places], self.times[places]
        scores = np.bincount(rows, weights=rare[owners] * times / (times + self._damping[rows]), minlength=self.rows)
        best: Floats = scores / (float(rare.sum()) or 1.0)
        return best

    def _against(self, asked: Counted, row: Counted) -> tuple[float, float]:
        """Cosine and BM25 with one text, of a usual length."""
        place = {int(term): number for number, term in enumerate(row.terms)}
        both = [(number, place[int(term)]) for number, term in enumerate(asked.terms) if int(term) in place]
        if not both:
            return 0.0, 0.0
        mine, theirs = (np.array(numbers) for numbers in zip(*both, strict=True))
        rare = self._rarity(asked)
        asks = (1 + np.log(asked.times)) * rare
        says = (1 + np.log(row.times)) * self._rarity(row)
        cosine = float((asks[mine] * says[theirs]).sum() / np.sqrt((asks**2).sum() * (says**2).sum()))
        times = row.times[theirs]
        return cosine, float((rare[mine] * times / (times + _K1)).sum() / rare.sum())


def _less(row: Counted, text: Counted, size: int) -> Counted:
    """A row's terms without those of a text."""
    times = np.zeros(size, np.float32)
    times[row.terms] = row.times
    times[text.terms] -= text.times
    kept = row.terms[times[row.terms] > 0]
    return Counted(kept, times[kept])
