"""Who wants to talk to a person is understood in thirty languages of Europe, whatever the shop speaks.

A message is read clause by clause. A clause asks for a person when a word for one (person, operator, somebody…) stands
beside talking or connecting; when it is a wish for a human being and little else; when it is hardly more than
"operator"; or when it says that no bot is wanted. Who is spoken about ("for two persons", "are you a person?", "the
agent was rude") is not asked for, and neither is who is not wanted ("nechci člověka").
"""

import re
from functools import cache
from typing import Final

from kupec.assistant.understanding.grams import words
from kupec.assistant.understanding.vocabulary import begins, listed

_LONGEST: Final = 1_000
"""Characters; and words below: in a longer clause a person is spoken about rather than asked for."""
_TALK: Final = 14
_WISH: Final = 7
_ALONE: Final = 3
_NEAR: Final = 3
"""Words before a person that say for whom or that none is wanted."""
_TYPED: Final = 5
"""Letters a word must have to be taken for another that is mistyped."""
_CLAUSES: Final = re.compile(r"[,.;:!?\n()–—]+")


def wants_person(text: str) -> bool:
    """Whether this asks for a person, in whatever language."""
    return any(_asks(words(clause)) for clause in _CLAUSES.split(text[:_LONGEST]))


def _asks(said: list[str]) -> bool:
    if not said or len(said) > _TALK:
        return False
    refuses = not listed("refusals").isdisjoint(said)
    talks = not listed("talking").isdisjoint(said)
    if refuses and not listed("bots").isdisjoint(said):
        return True
    for place, word in enumerate(said):
        staff, human = _is(word, "staff"), _is(word, "people")
        somebody = word in listed("somebody")
        if not (staff or human or somebody) or _spoken_about(said, place):
            continue
        if talks or (said[place - 1 : place + 1] == ["customer", "service"] and len(said) <= _ALONE):
            return True
        if len(said) <= _WISH and (staff or human) and _wishes(said, place):
            return True
        if somebody and len(said) <= _WISH and _is_from(said, place):
            return True
        is_word = (staff or human) and len(word) >= _NEAR
        if is_word and len(said) <= _ALONE and all(_adds_nothing(other) for other in said):
            return True
    return False


def _spoken_about(said: list[str], place: int) -> bool:
    """Whether the person is somebody something is for, one of many, or not wanted."""
    before = said[max(place - _NEAR, 0) : place]
    if not listed("for_whom").isdisjoint(before):
        return True
    refused = not listed("refusals").isdisjoint(said[:place])
    return refused or said[place - 1 : place] in (["no"], ["ne"], ["non"])


def _wishes(said: list[str], place: int) -> bool:
    """A wish, and nothing that could be wanted instead stands between it and the person."""
    return any(_adds_nothing(one) for one in said[:place] + said[place + 1 :]) and all(
        _adds_nothing(one) for one in said[max(place - 2, 0) : place]
    )


def _is_from(said: list[str], place: int) -> bool:
    """ "Someone from support", wished for."""
    others = said[place + 1 :]
    return not listed("wishes").isdisjoint(said[:place]) and any(
        one in listed("somebody") or _is(one, "staff") for one in others
    )


def _adds_nothing(word: str) -> bool:
    """Words of a wish, small words, and more words for a person."""
    return word in listed("wishes") or len(word) < _NEAR or _is(word, "people") or _is(word, "staff")


def _is(word: str, name: str) -> bool:
    return begins(word, listed(name)) or (len(word) >= _TYPED and not _less(word).isdisjoint(_mistyped(name)))


@cache
def _mistyped(name: str) -> frozenset[str]:
    """All words of a list with one letter less: two words that meet so are a letter apart, or two are swapped."""
    return frozenset(one for word in listed(name) if len(word) > _TYPED - 1 for one in _less(word))


def _less(word: str) -> set[str]:
    return {word[:place] + word[place + 1 :] for place in range(1, len(word))}
