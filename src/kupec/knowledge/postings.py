"""Inverted lists in numpy: how alike a question is to every row at once."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from kupec.knowledge.terms import Counted, Floats, Ints

_K1: Final = 1.2
_B: Final = 0.6


class Postings:
    """By term, the rows it stands in and how often. Immutable once made."""

    def __init__(self, rows: Sequence[Counted], size: int) -> None:
        self.rows = len(rows)
        lengths = np.fromiter((len(row.terms) for row in rows), np.int64, len(rows))
        terms = np.concatenate([row.terms for row in rows]) if rows else np.zeros(0, np.int32)
        times = np.concatenate([row.times for row in rows]) if rows else np.zeros(0, np.float32)
        numbers = np.repeat(np.arange(len(rows), dtype=np.int32), lengths)
        order = np.argsort(terms, kind="stable")
        self.size = size
        found_in = np.bincount(terms, minlength=size) if len(terms) else np.zeros(size, np.int64)
        self.starts = np.concatenate([[0], np.cumsum(found_in)])
        self.where: Ints = numbers[order]
        self.times: Floats = times[order]
        self.rare: Floats = np.log((1 + self.rows) / (1 + found_in)).astype(np.float32) + np.float32(0.1)
        self.rarest = float(np.log(1 + self.rows)) + 0.1
        self.length: Floats = np.bincount(numbers, weights=times, minlength=self.rows).astype(np.float32)
        damped = (1 + np.log(self.times)) * np.repeat(self.rare, found_in)
        norms = np.sqrt(np.bincount(self.where, weights=damped**2, minlength=self.rows))
        self.weights: Floats = (damped / np.maximum(norms, 1e-9)[self.where]).astype(np.float32)

    def alike(self, asked: Counted) -> Floats:
        """The cosine of the question with every row; terms that no row has count against it."""
        known = (asked.terms >= 0) & (asked.terms < self.size)
        weights = (1 + np.log(asked.times)) * self.rarest
        weights[known] *= self.rare[asked.terms[known]] / self.rarest
        norm = float(np.sqrt((weights**2).sum()))
        if not norm or not known.any():
            return np.zeros(self.rows, np.float32)
        picked, share = self._pick(asked.terms[known], weights[known] / norm)
        return np.bincount(self.where[picked], weights=self.weights[picked] * share, minlength=self.rows)

    def bm25(self, asked: Counted, *, without: tuple[int, Counted] | None = None) -> Floats:
        """BM25 of the question with every row, as a share of what a row that says nothing else would have.

        `without` takes a text out of a row: so that what was asked is not found in itself.
        """
        known = (asked.terms >= 0) & (asked.terms < self.size)
        best = float(self.rare[asked.terms[known]].sum() + self.rarest * (~known).sum()) * (_K1 + 1)
        if not best or not known.any():
            return np.zeros(self.rows, np.float32)
        picked, rare = self._pick(asked.terms[known], self.rare[asked.terms[known]])
        rows, times = self.where[picked], self.times[picked]
        length = self.length
        if without is not None:
            row, text = without
            less = np.zeros(self.size, np.float32)
            fits = text.terms < self.size
            less[text.terms[fits]] = text.times[fits]
            owner = np.repeat(asked.terms[known], self._counts(asked.terms[known]))
            times = np.where(rows == row, np.maximum(times - less[owner], 0), times)
            length = length.copy()
            length[row] -= text.times.sum()
        usual = max(float(self.length.mean()), 1.0)
        damping = _K1 * (1 - _B + _B * length / usual)
        scores = np.bincount(rows, weights=rare * times * (_K1 + 1) / (times + damping[rows]), minlength=self.rows)
        return scores / best

    def _counts(self, terms: Ints) -> Ints:
        counts: Ints = (self.starts[terms + 1] - self.starts[terms]).astype(np.int32)
        return counts

    def _pick(self, terms: Ints, values: Floats) -> tuple[Ints, Floats]:
        """The places in the lists of these terms, and for each the value of its term."""
        begins, counts = self.starts[terms], self._counts(terms)
        total = int(counts.sum())
        ends = np.cumsum(counts)
        places = np.arange(total) + np.repeat(begins - (ends - counts), counts)
        return places, np.repeat(values, counts)
