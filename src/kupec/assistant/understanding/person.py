"""Who wants to talk to a person is understood in any language of the neighbourhood, whatever the shop speaks.

A message asks for a person when a word for one (person, operator, human, agent…) stands beside a wish, or nearly alone.
Words are compared folded and from their beginning, so endings do not matter. What says that no person is wanted
("nechci člověka") is left to the bot.
"""

from kupec.assistant.understanding.grams import words
from kupec.assistant.understanding.vocabulary import begins, listed

_NEARLY_ALONE = 3
_LONGEST_WISH = 14
"""Words: in a longer message a person is spoken about rather than asked for."""


def wants_person(text: str) -> bool:
    """Whether this asks for a person, in whatever language."""
    found = words(text)
    if not found or len(found) > _LONGEST_WISH or listed("refusals").intersection(found[:2]):
        return False
    people = {word for word in found if begins(word, listed("people"))}
    if not people:
        return False
    if len(found) <= _NEARLY_ALONE and any(begins(word, listed("alone")) for word in people):
        return True
    return any(begins(word, listed("wishes")) for word in found if word not in people)
