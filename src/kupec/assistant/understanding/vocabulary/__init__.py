"""Lists of words, one file a list: what stands behind a # is a remark."""

from functools import cache
from pathlib import Path

from kupec.kit.text import fold

_FOLDER = Path(__file__).parent
_SHORTEST = 4


def lines_of(name: str) -> list[str]:
    """The lines of one list."""
    lines = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@cache
def listed(name: str) -> frozenset[str]:
    """The words of one list, folded as what is compared with them."""
    return frozenset(word for line in lines_of(name) for word in fold(line).split())


@cache
def language_lists() -> dict[str, list[str]]:
    """Everyday words and sentences by language, a line a text."""
    read = {path.stem: path.read_text(encoding="utf-8").splitlines() for path in (_FOLDER / "languages").glob("*.txt")}
    return {language: [line for line in read[language] if not line.startswith("#")] for language in sorted(read)}


def begins(word: str, stems: frozenset[str]) -> bool:
    """Whether a folded word is one of these, or begins with one of at least four letters."""
    return word in stems or any(word[:size] in stems for size in range(_SHORTEST, len(word)))
