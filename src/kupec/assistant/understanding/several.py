"""Several things in one message: "How much is shipping and can I pay by card?" are two questions.

The cut is a careful one. A message is cut between sentences, and at an "and" only where a question or a wish of its own
begins behind it; what is said out of politeness is left out; whoever tells a story is left in one piece.
"""

import re
from typing import Final

from kupec.assistant.understanding.grams import words
from kupec.assistant.understanding.vocabulary import begins, listed

_LONGEST: Final = 400
_MOST: Final = 3
_FEWEST: Final = 2
"""Words a part must have to mean something by itself."""
_POLITE: Final = 5
# A point ends a sentence behind a word, not behind a figure or an abbreviation ("3. 12.", "č. 10023").
_ENDS: Final = re.compile(r"(?<=[?!])\s+|(?<=[^\W\d_]{3}\.)\s+(?=[^\W\d_])")
_MORE: Final = r"a\s(?:taky|také|tiež|ještě|ešte)|oraz|and\salso|and|und|zároveň|a|i|y"
_AND: Final = re.compile(rf"\n+|(?:,\s?|\s)(?:{_MORE})\s", re.IGNORECASE)
_GREETING: Final = re.compile(r"^[^,!.?\n]{2,24}[,!.]\s+")


def parts(text: str) -> list[str]:
    """The parts of a message that may each mean something, in order; the text alone where it is one."""
    whole = text.strip()
    if len(whole) > _LONGEST:
        return [whole]
    sentences = [one.strip() for one in _ENDS.split(whole) if one and one.strip()]
    found = [part for sentence in sentences for part in _clauses(_ungreeted(sentence)) if _says(part)]
    return found if 1 < len(found) <= _MOST else [whole]


def _clauses(sentence: str) -> list[str]:
    """Cut at each "and" behind which something of its own begins, if both sides have words enough."""
    cut, begun = [], 0
    for found in _AND.finditer(sentence):
        before, behind = words(sentence[begun : found.start()]), words(sentence[found.end() :])
        begins_anew = behind[:1] and (
            behind[0] in listed("openings") or (behind[0] in listed("being") and sentence.endswith("?"))
        )
        if len(before) >= _FEWEST and len(behind) >= _FEWEST and begins_anew:
            cut.append(sentence[begun : found.start()].strip(" ,"))
            begun = found.end()
    return [*cut, sentence[begun:].strip()]


def _ungreeted(sentence: str) -> str:
    """The sentence behind its "Dobrý den,"."""
    greeting = _GREETING.match(sentence)
    return sentence[greeting.end() :] if greeting and _is_polite(words(greeting[0])) else sentence


def _says(part: str) -> bool:
    said = words(part)
    return len(said) >= _FEWEST and not _is_polite(said)


def _is_polite(said: list[str]) -> bool:
    return 0 < len(said) <= _POLITE and begins(said[0], listed("courtesies"))
