"""Anger and matters a bot should not touch: enough to fetch a person in time, no more."""

import re

from kupec.assistant.understanding.grams import words
from kupec.assistant.understanding.vocabulary import begins, listed

_LOUD = re.compile(r"[!?]{2,}|\b[^\W\d_a-z]{5,}\b")
_ANGRY = 2


def is_angry(text: str) -> bool:
    """Two signs of anger are anger: words that tell it, and shouting (once) beside such a word."""
    told = sum(begins(word, listed("angry")) for word in words(text))
    shouted = any(found[0].isupper() or not found[0].isalpha() for found in _LOUD.finditer(text))
    return told + (shouted and told > 0) >= _ANGRY


def is_sensitive(text: str, more: frozenset[str] = frozenset()) -> bool:
    """Whether this touches health, law or death, or a word (folded) that the merchant keeps for people."""
    return any(begins(word, listed("sensitive")) or begins(word, more) for word in words(text))
