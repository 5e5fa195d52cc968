"""Text as it is compared: folded for search, keyed for sorting. PostgreSQL has no ICU here, so Python does it."""

import unicodedata

_LIGATURES = str.maketrans(
    {"ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ø": "o", "Ø": "o", "ß": "ss", "æ": "ae", "Æ": "ae"}
)
# Letters of their own in a language's alphabet, each as the letter that it follows and a mark after all letters.
_AFTER, _LAST = "\ufffe", "\uffff"
_OWN_LETTERS = {
    "cs": str.maketrans({letter: base + _LAST for letter, base in zip("čřšž", "crsz", strict=True)}),
    "pl": str.maketrans(
        {letter: base + _AFTER for letter, base in zip("ąćęłńóśź", "acelnosz", strict=True)} | {"ż": f"z{_LAST}"}
    ),
}


def fold(text: str) -> str:
    """Lower case without accents and with single spaces: "Čaj  ZELENÝ" becomes "caj zeleny"."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(bare.casefold().split())


def sort_key(text: str, language: str) -> str:
    """A key that sorts by plain code points as a reader of `language` expects.

    Letters of their own (Czech č, ř, š, ž, ch; Polish ą, ć, ę, ł, ń, ó, ś, ź, ż) follow the letter they come from;
    other accents decide only where all else is equal.
    """
    spelled = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    primary = fold(spelled.translate(_OWN_LETTERS.get(language, {})))
    if language == "cs":
        primary = primary.replace("ch", f"h{_LAST}")
    return f"{primary}\u0001{spelled}"


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word and marked with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1].rsplit(" ", 1)[0]
    return f"{head or text[: limit - 1]}…"
