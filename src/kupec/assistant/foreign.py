"""Whether somebody writes in a language that nobody here answers in: then they are told so."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final

from kupec.assistant.understanding.vocabulary import language_lists
from kupec.kit.text import fold

_WORD: Final = re.compile(r"[^\W\d_]+")
_NEAR: Final = {"cs": ("sk",)}
"""Who speaks the one reads the other."""
_MORE: Final = """
bonjour bonsoir merci monsieur madame est sont suis avez avons vous nous votre notre mon ma mes les des une dans pour
avec quel quelle combien quand comment pourquoi commande colis livraison je voudrais il elle cette ce pas plus
buongiorno buonasera ciao grazie signore dove quando quanto come perche mio mia mie vostro vostra il lo gli del della
dei vorrei sono siete avete ordine pacco spedizione costa posso non che questo questa
jó napot köszönöm hol van csomagom mennyi mennyibe kerül szállítás rendelés kérem szeretnék nem
bom dia obrigado onde meu minha encomenda quanto custa entrega pedido voces
goedendag dank waar mijn pakket bestelling hoeveel kost verzending
"""
"""French, Italian, Hungarian, Portuguese, Dutch: what is said to a shop."""


def is_foreign(text: str, speaks: Iterable[str]) -> bool:
    """At least two words, and half of them all, are of other languages than these; or the letters are."""
    letters = [one for one in text if one.isalpha()]
    latin = sum(unicodedata.name(one, "").startswith("LATIN") for one in letters)
    if len(letters) > 2 and latin * 2 < len(letters):
        return True
    words = _WORD.findall(fold(text))
    foreign = sum(word in _others(tuple(sorted(speaks))) for word in words)
    return foreign >= 2 and foreign * 2 >= len(words)


@cache
def _others(speaks: tuple[str, ...]) -> frozenset[str]:
    """Words of the languages that are known of, without those that these have as well."""
    read = {*speaks, *(near for one in speaks for near in _NEAR.get(one, ()))}
    lists = {language: _words(lines) for language, lines in language_lists().items()}
    known: set[str] = set().union(*(words for language, words in lists.items() if language in read))
    other = set().union(*(words for language, words in lists.items() if language not in read))
    return frozenset((other | _words(_MORE.splitlines())) - known)


def _words(lines: Iterable[str]) -> set[str]:
    return {word for line in lines for word in _WORD.findall(fold(line))}
