"""How far apart two words are, in slips of the finger."""

from collections.abc import Iterable

# A slip in a short word makes another word; (longest word, slips it is forgiven).
_FORGIVEN = ((3, 0), (5, 1), (60, 2))
_CONTAINED_FROM = 5


def distance(one: str, other: str, limit: int) -> int:
    """Letters added, lost, exchanged, or swapped with their neighbour; whatever is beyond `limit` is `limit` + 1."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    two_back: list[int] = []
    one_back = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            cost = min(one_back[j] + 1, row[j - 1] + 1, one_back[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                cost = min(cost, two_back[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        two_back, one_back = one_back, row
    return min(one_back[-1], limit + 1)


def likely_meant(word: str, stem: str, known: Iterable[tuple[str, str]]) -> set[str]:
    """Stems of the known (word, stem) that `word` may stand for: the nearest, and those that contain it."""
    limit = next(slips for longest, slips in _FORGIVEN if len(word) <= longest)
    meant: dict[int, set[str]] = {}
    for other, other_stem in known:
        contained = len(word) >= _CONTAINED_FROM and word in other
        apart = limit if contained else min(distance(word, other, limit), distance(stem, other_stem, limit))
        meant.setdefault(apart, set()).add(other_stem)
    nearest = min(meant, default=limit + 1)
    return meant[nearest] if nearest <= limit else set()
