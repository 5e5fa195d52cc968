"""Observed choices as arrays: who chose, among what, and which."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceData:
    """N choices among at most J alternatives of K attributes, sorted by buyer, and within one by time.

    `x` is (N, J, K); `there` (N, J) says which alternatives there were; `chosen` (N,) is the index of the one taken;
    `buyer` (N,) is an index into `buyers`. What was not there has zeros in `x`.
    """

    names: tuple[str, ...]
    buyers: tuple[str, ...]
    x: Floats
    there: Flags
    chosen: Whole
    buyer: Whole

    def __len__(self) -> int:
        return len(self.chosen)

    def part(self, which: Flags) -> "ChoiceData":
        """Some of the choices; the buyers keep their places, also those who have none left."""
        return ChoiceData(
            names=self.names,
            buyers=self.buyers,
            x=self.x[which],
            there=self.there[which],
            chosen=self.chosen[which],
            buyer=self.buyer[which],
        )

    def places(self) -> Whole:
        """How many choices of the same buyer come after each: 0 for the last one."""
        counts = np.bincount(self.buyer, minlength=len(self.buyers))
        ends = np.cumsum(counts)
        return ends[self.buyer] - 1 - np.arange(len(self))


def gather(choices: Sequence[tuple[str, Sequence[Sequence[float]], int]], *, names: Sequence[str]) -> ChoiceData:
    """From (buyer, the alternatives' attributes, which was chosen), in the order of time.

    A choice of fewer than two alternatives says nothing and is left out. Raises ValueError for a choice that is none
    of its alternatives, or a row that has not as many figures as there are names.
    """
    kept = [one for one in choices if len(one[1]) > 1]
    buyers = tuple(sorted({buyer for buyer, _, _ in kept}))
    index = {buyer: number for number, buyer in enumerate(buyers)}
    ordered = sorted(kept, key=lambda one: index[one[0]])
    most = max((len(rows) for _, rows, _ in ordered), default=0)
    x = np.zeros((len(ordered), most, len(names)))
    there = np.zeros((len(ordered), most), dtype=np.bool_)
    for number, (_, rows, chosen) in enumerate(ordered):
        if not 0 <= chosen < len(rows):
            raise ValueError(f"choice {number} is none of its alternatives")
        x[number, : len(rows)] = rows
        there[number, : len(rows)] = True
    return ChoiceData(
        names=tuple(names),
        buyers=buyers,
        x=x,
        there=there,
        chosen=np.array([chosen for _, _, chosen in ordered], dtype=np.int64),
        buyer=np.array([index[buyer] for buyer, _, _ in ordered], dtype=np.int64),
    )
