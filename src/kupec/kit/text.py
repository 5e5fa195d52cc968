"""Text as it is compared: folded for search, keyed for sorting. PostgreSQL has no ICU here, so Python does it."""

import unicodedata

_LIGATURES = str.maketrans(
    {"ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ø": "o", "Ø": "o", "ß": "ss", "æ": "ae", "Æ": "ae"}
)
_CZECH_CH = "h\uffff"
_RANKED = {letter: rank for rank, letter in enumerate("aáąbcčćdďeéěęfghiíjklłmnňńoóöpqrřsšśtťuúůüvwxyýzžźż")}


def fold(text: str) -> str:
    """Lower case without accents and with single spaces: "Čaj  ZELENÝ" becomes "caj zeleny"."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(bare.casefold().split())


def sort_key(text: str, language: str) -> str:
    """A key that sorts by plain code points as a reader of `language` expects.

    Letters come before their accented sisters only where all else is equal, and in Czech "ch"
    follows "h".
    """
    primary = fold(text)
    if language == "cs":
        primary = primary.replace("ch", _CZECH_CH)
    secondary = "".join(chr(0x21 + _RANKED.get(char, 0x5D)) for char in text.casefold() if not char.isspace())
    return f"{primary}\u0001{secondary}"


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word and marked with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1].rsplit(" ", 1)[0]
    return f"{head or text[: limit - 1]}…"
