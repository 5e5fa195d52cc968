"""Words as they are searched for: without accents, without endings. Why and how well: docs/algorithms/search.md.

A stem is no word of the language; all that counts is that the forms of one word share it and other words do not.
"""

import re
from functools import lru_cache
from typing import Final

from kupec.kit.text import fold

_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
_COMPOUND: Final = re.compile(r"[^\W_]+(?:[-‐‑/.][^\W_]+)+")
_JOINTS: Final = re.compile(r"[-‐‑/.]")
_APOSTROPHES: Final = re.compile(r"(?<=\w)['’ʼ`´](?=\w)")
_VOWELS: Final = frozenset("aeiouy")
_SYLLABIC: Final = _VOWELS | {"l", "r"}  # "zrno", "vlk"
_LONGEST: Final = 60
_SHORTEST_STEM: Final = 3

STOP_WORDS: Final = {
    language: frozenset(text.split())
    for language, text in {
        "cs": "a aby ale ani bez do i jako je k ke na nebo o od po pod pro pri s se si ta te to u v ve z za ze",
        "pl": "a aby albo ale bez czy dla do i jak jest lub na o od oraz po pod przy sa sie u w we z za ze",
        "en": "a an and are as at by for from in is of on or the to with",
    }.items()
}

# Endings of declension, accents folded, the longest first.
_ENDINGS: Final = {
    "cs": (
        *("ovymi", "oveho", "ovemu", "ovych", "atech"),
        *("ovou", "ovym", "ovem"),
        *(
            "ove",
            "ova",
            "ovy",
            "ovi",
            "ech",
            "ich",
            "ach",
            "ych",
            "ami",
            "emi",
            "imi",
            "ymi",
            "eho",
            "iho",
            "emu",
            "imu",
        ),
        *("em", "um", "am", "im", "ym", "ou", "ej"),
        *("a", "e", "i", "o", "u", "y"),
    ),
    "pl": (
        *("owymi", "owego", "owemu", "owych"),
        *("owej", "owym", "iami", "iach"),
        *("owe", "owa", "owy", "owi", "ach", "ych", "ich", "ami", "imi", "ymi", "ego", "emu", "iem", "iom"),
        *("ow", "om", "em", "im", "ym", "ej", "ie", "ia"),
        *("a", "e", "i", "o", "u", "y"),
    ),
}


def words(text: str) -> list[str]:
    """The words of a text, folded; letters and digits part ("250g" is "250", "g"), apostrophes vanish ("De'Longhi")."""
    return [word[:_LONGEST] for word in _WORD.findall(_APOSTROPHES.sub("", fold(text)))]


def compounds(text: str) -> list[str]:
    """What is written with a hyphen, stroke or dot, as one word: "T-Light" is "tlight"."""
    return [_JOINTS.sub("", joined)[:_LONGEST] for joined in _COMPOUND.findall(fold(text))]


@lru_cache(maxsize=100_000)
def stem(word: str, language: str) -> str:
    """The stem of a folded word; of an unknown language, the word itself."""
    if word.isdigit():
        return word
    if language == "en":
        return _english(word)
    if language in _ENDINGS:
        return _slavic(word, language)
    return word


def _slavic(word: str, language: str) -> str:
    for ending in _ENDINGS[language]:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            bare = word[: -len(ending)]
            if not _SYLLABIC.isdisjoint(bare):
                return _without_softening(bare) if language == "pl" else bare
    return _without_fleeting_e(word, language)


def _without_softening(bare: str) -> str:
    """ "czyszczeni(a)" is "czyszczen(ie)"."""
    if bare.endswith("i") and len(bare) > _SHORTEST_STEM and bare[-2] not in _VOWELS:
        return bare[:-1]
    return bare


def _without_fleeting_e(word: str, language: str) -> str:
    """ "mlynek" is "mlynk(u)", "hrnec" is "hrnc(e)", and in Polish "ziaren" is "ziarn(o)"."""
    last = ("k", "c", "n") if language == "pl" else ("k", "c")
    if len(word) >= 5 and word[-2] == "e" and word[-1] in last and word[-3] not in _VOWELS:
        return word[:-2] + word[-1]
    return word


def _english(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 4 and word.endswith(("sses", "xes", "zes", "ches", "shes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and word[-2] not in "sui":
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            bare = word[: -len(ending)]
            if not _VOWELS.isdisjoint(bare):
                word = bare[:-1] if bare[-1] == bare[-2] and bare[-1] not in "lsz" else bare
    return word[:-1] if len(word) > 4 and word.endswith("e") else word
