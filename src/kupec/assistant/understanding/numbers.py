"""Numbers and quantities as people write them in Czech, Slovak, Polish, English, German and Spanish: "dva kusy", "2x",
"tucet", "zwei Packungen", "1,5 kg".
"""

import re
from itertools import pairwise
from typing import Final

from kupec.assistant.understanding.grams import words

_COUNTED: Final = (
    "nula jeden dva tri ctyri pet sest sedm osm devet deset jedenact dvanact",
    "nula jeden dva tri styri pat sest sedem osem devat desat jedenast dvanast",
    "zero jeden dwa trzy cztery piec szesc siedem osiem dziewiec dziesiec jedenascie dwanascie",
    "zero one two three four five six seven eight nine ten eleven twelve",
    "null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf",
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "_ jednu dve",
    "_ jednou dvou trech ctyrech peti sesti",
    "_ jedna dwie",
    "_ jednego dwoch trzech czterech pieciu szesciu",
    "_ einen",
    "_ una",
)
_NUMBER: Final = {
    **{word: value for line in _COUNTED for value, word in enumerate(line.split()) if word != "_"},
    **dict.fromkeys(("jedno", "jedne", "jednej", "eine", "einer", "einem", "un"), 1),
    **dict.fromkeys(("tucet", "tuzin", "dozen", "dutzend", "docena"), 12),
    **dict.fromkeys(("couple", "par", "paar"), 2),
    **dict.fromkeys(("ctrnact", "strnast", "czternascie", "fourteen", "vierzehn", "catorce"), 14),
    **dict.fromkeys(("patnact", "patnast", "pietnascie", "fifteen", "funfzehn", "quince"), 15),
    **dict.fromkeys(("dvacet", "dvadsat", "dwadziescia", "twenty", "zwanzig", "veinte"), 20),
    **dict.fromkeys(("tricet", "tridsat", "trzydziesci", "thirty", "dreissig", "treinta"), 30),
}
_UNSURE: Final = frozenset(
    ("once", "un", "una", "uno", "eine", "einen", "einer", "einem", "par", "null", "jednou", "acht")
)
"""Words that are no number unless a unit follows: "once" is English, too, and "una" an article."""
_UNIT: Final = (
    r"(?:x|×|krát|ks|kus\w*|kousk\w*|szt\w*|pcs|pieces?|bal\w*|paczk\w*|opak\w*|packs?|bags?|boxe?s?|krabi\w*|karton\w*"
    r"|sáč\w*|sac\w*|woreczk\w*|stück\w*|stk|packung\w*|päckchen|unidades|unidad|uds?|paquetes?|cajas?|bolsas?)(?!\w)"
)
_MARKED: Final = re.compile(rf"(?<![\w.,])(\d{{1,4}})\s{{0,3}}{_UNIT}", re.IGNORECASE)
_SPOKEN_UNIT: Final = re.compile(_UNIT.replace("á", "a").replace("ü", "u").replace("ä", "a"))
_BARE: Final = re.compile(r"(?<![\w.,/-])(\d{1,4})(?![\w/-]|[.,]\d)")
_WEIGHT: Final = re.compile(
    r"(?<![\w.,])(\d{1,5}(?:[.,]\d{1,3})?)\s{0,3}(kg|kil\w{1,6}|dkg|deka|dag|gram\w{0,3}|g)(?!\w)", re.IGNORECASE
)
_GRAMS: Final = {"k": 1000, "d": 10, "g": 1}


def number_in(word: str) -> int | None:
    """The number that one folded word says."""
    return int(word) if word.isdecimal() and len(word) < 7 else _NUMBER.get(word)


def pieces_in(text: str) -> int | None:
    """How many, where what is counted is named: "3 kusy", "zwei Packungen", "2x"."""
    marked = _MARKED.search(text)
    if marked:
        return int(marked[1])
    told = (_NUMBER[word] for word, unit in pairwise(words(text)) if word in _NUMBER and _SPOKEN_UNIT.fullmatch(unit))
    return next(told, None)


def quantity_in(text: str) -> int | None:
    """How many pieces: what carries a unit first, else the only number there is. What is weighed is not counted."""
    pieces = pieces_in(text)
    if pieces is not None:
        return pieces
    bare = [int(found[1]) for found in _BARE.finditer(_WEIGHT.sub(" ", text))]
    if bare:
        return bare[0] if len(bare) == 1 else None
    spoken = [_NUMBER[word] for word in words(text) if word in _NUMBER and word not in _UNSURE]
    return spoken[0] if len(spoken) == 1 else None


def weight_in(text: str) -> int | None:
    """Grams: "1,5 kg" is 1500, "půl kila" 500, "20 dkg" 200."""
    found = _WEIGHT.search(text)
    if found:
        return round(float(found[1].replace(",", ".")) * _GRAMS[found[2][0].lower()])
    said = words(text)
    for word, unit in pairwise(said):
        if unit.startswith("kil") or unit == "kg":
            if word in ("pul", "pol", "half", "halbes", "medio"):
                return 500
            if word in _NUMBER:
                return _NUMBER[word] * 1000
    return None
