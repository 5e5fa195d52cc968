"""Anger and matters a bot should not touch: enough to fetch a person in time, no more."""

import re
from typing import Final

from kupec.assistant.understanding.grams import words
from kupec.assistant.understanding.vocabulary import begins, listed

_LOUD: Final = re.compile(r"[!?]{2,9}|\b[^\W\d_a-z]{5,40}\b")
_ENOUGH: Final = 2
_FURIOUS: Final = 2
_LONGEST: Final = 2_000


def is_angry(text: str) -> bool:
    """Whether somebody is angry: an insult, a curse or the charge of fraud, or two signs of annoyance.

    Shouting (once) is a sign beside a word that tells annoyance, and none by itself: many write in capitals. A word of
    pleasure takes one away, so that "nehorázně dobrá káva!!" is praise.
    """
    text = text[:_LONGEST]
    said = words(text)
    furious = sum(begins(word, listed("furious")) for word in said)
    annoyed = sum(begins(word, listed("angry")) for word in said)
    if furious + annoyed == 0:
        return False
    shouted = any(found[0].isupper() or not found[0].isalpha() for found in _LOUD.finditer(text))
    pleased = any(begins(word, listed("pleased")) for word in said)
    return _FURIOUS * furious + annoyed + shouted - pleased >= _ENOUGH


def is_sensitive(text: str, more: frozenset[str] = frozenset()) -> bool:
    """Whether this touches health, law or death, or a word (folded) that the merchant keeps for people."""
    return any(begins(word, listed("sensitive")) or begins(word, more) for word in words(text))
