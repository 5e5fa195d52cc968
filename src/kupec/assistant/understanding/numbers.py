"""Numbers and quantities as people write them in Czech, Polish and English: "dva kusy", "2x", "tuzin"."""

import re

from kupec.assistant.understanding.grams import words

_COUNTED = (
    "nula jeden dva tri ctyri pet sest sedm osm devet deset jedenact dvanact",
    "zero jeden dwa trzy cztery piec szesc siedem osiem dziewiec dziesiec jedenascie dwanascie",
    "zero one two three four five six seven eight nine ten eleven twelve",
    "_ jednu dve",
    "_ jednou dvou trech ctyrech",
    "_ jedna dwie",
    "_ jednego dwoch trzech czterech pieciu",
)
_NUMBER = {
    **{word: value for line in _COUNTED for value, word in enumerate(line.split()) if word != "_"},
    "jedno": 1,
    "jedne": 1,
    "jednej": 1,
    "tucet": 12,
    "tuzin": 12,
    "dozen": 12,
    "couple": 2,
}
_UNIT = r"(?:x|×|ks|kus\w*|szt\w*|pcs|pieces?|bal\w*|paczk\w*|opak\w*|packs?|bags?)(?!\w)"
_MARKED = re.compile(rf"(?<![\w.,])(\d{{1,4}})\s*{_UNIT}", re.IGNORECASE)
_BARE = re.compile(r"(?<![\w.,/-])(\d{1,4})(?![\w/-]|[.,]\d)")


def number_in(word: str) -> int | None:
    """The number that one folded word says."""
    return int(word) if word.isdecimal() and len(word) < 7 else _NUMBER.get(word)


def quantity_in(text: str) -> int | None:
    """How many pieces: what carries a unit first, else the only number there is."""
    marked = _MARKED.search(text)
    if marked:
        return int(marked[1])
    bare = [int(found[1]) for found in _BARE.finditer(text)]
    if bare:
        return bare[0] if len(bare) == 1 else None
    spoken = [_NUMBER[word] for word in words(text) if word in _NUMBER]
    return spoken[0] if len(spoken) == 1 else None
