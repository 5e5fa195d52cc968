"""Which of the choices that were offered somebody means who types a number, a label, or "the second one"."""

import re
from collections.abc import Sequence

from kupec.conversations.blocks import Block, Choice, Choices
from kupec.kit.text import fold

_FILLER = (
    "c cislo volba volbu moznost bod varianta variantu numer nr opcja opcje opcje pozycja number no option choice the "
    "one ten tu ta to ja bych chci prosim poprosze prosze please vezmu beru biore wybieram take i ll id like"
)
_FILLERS = frozenset(_FILLER.split())
_STEMS = {
    1: ("prvni", "prvy", "pierwsz", "first"),
    2: ("druh", "drug", "second"),
    3: ("treti", "trzeci", "third"),
    4: ("ctvrt", "czwart", "fourth"),
    5: ("pat", "piat", "fifth"),
    -1: ("posledni", "ostatni", "last"),
}
_LAST_WORDS = 8  # a longer text is not taken for a choice because it has a label in it
_LEAST = 3  # letters of a label that may stand for the whole


def choice_of(text: str, choices: Sequence[Choice]) -> Choice | None:
    """The one of `choices` that `text` means; None where it means none of them, or might mean several.

    A number counts only when nothing else is said ("2", "č. 2", "option 2", not "2 kg"); then ordinals ("druhou"), a
    label or its beginning, and a label within few words. In Czech, Polish and English, with accents or without.
    """
    said = _words(text)
    if not choices or not said:
        return None
    by_label = _by_label(said, choices)
    if by_label is not None:
        return by_label
    core = [word for word in said if word not in _FILLERS] or said
    if len(core) == 1:
        return _by_number(core[0], choices)
    return None


def pressed(content: Sequence[Block]) -> str | None:
    """The value of the button that an incoming message is; None when it was typed."""
    if len(content) >= 1 and isinstance(content[0], Choices) and len(content[0].choices) == 1:
        return content[0].choices[0].value
    return None


def _by_number(word: str, choices: Sequence[Choice]) -> Choice | None:
    if word.isascii() and word.isdigit():
        number = int(word[:4])
        return choices[number - 1] if 1 <= number <= len(choices) else None
    for number, stems in _STEMS.items():
        if any(word.startswith(stem) and len(word) <= len(stem) + 3 for stem in stems):
            at = number - 1 if number > 0 else len(choices) - 1
            return choices[at] if at < len(choices) else None
    return None


def _by_label(said: Sequence[str], choices: Sequence[Choice]) -> Choice | None:
    labels = [(choice, _words(choice.label)) for choice in choices]
    core = [word for word in said if word not in _FILLERS]
    for wanted in (said, core):
        same = [choice for choice, label in labels if label == wanted]
        if same:
            return same[0] if len({choice.value for choice in same}) == 1 else None
    if core and len(" ".join(core)) >= _LEAST:
        begun = [choice for choice, label in labels if " ".join(label).startswith(" ".join(core))]
        if len(begun) == 1:
            return begun[0]
    if len(said) <= _LAST_WORDS:
        within = [choice for choice, label in labels if label and _contains(said, label)]
        if len(within) == 1:
            return within[0]
    return None


def _contains(words: Sequence[str], label: Sequence[str]) -> bool:
    size = len(label)
    return any(list(words[at : at + size]) == list(label) for at in range(len(words) - size + 1))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", fold(text))
