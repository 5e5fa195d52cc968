"""What somebody wants to have, out of the sentence that asks for it: "máte kávu z Brazílie?" is "kávu z Brazílie"."""

import re
from typing import Final

from kupec.kit.text import fold

_ASKING_WORDS: Final = """
hledam hledame mate mas nemate nemas je jsou chci chtel chtela chteli bych bychom by rad rada koupit koupim nakoupit
objednat objednam ukaz ukazte mi nam me si jaky jaka jake jakou jakych potrebuji potrebuju potrebujeme doporuc doporucte
shanim prosim prosime dejte dej pridej pridejte pridat vlozte vloz vlozit hod hodte kosiku kosik najdi najdete najit
zbozi produkt produkty nejaky nejaka nejake nejakou neco dobry den ahoj zdravim jeste taky take tam prodavate vzal vzala
vezmu beru prihod tohle tom kus baleni ma kolik stoji cena cenu ceny vas ten ta to vede vedete nabizite
szukam szukamy macie masz czy chce chcialbym chcialabym kupic zamowic pokaz pokazcie jakie jaki potrzebuje
potrzebny potrzebna polec polecie prosze dodaj dodajcie wloz koszyka koszyk znajdz znalezc towar jakis jakas
jakies cos dzien jeszcze tez poprosze sprzedajecie wezme biore mnie opakowania sztuke sztuki ile kosztuje cena cene jest
i am im looking for do does you have want wanted would like to buy order show me need which what recommend find
add put cart basket in into my the a an some any please product products goods hello hi get us we there is are
how much does cost costs price sell
"""
_JOINING_WORDS: Final = "a i o u z ze s se k ke na do v ve od po pro za w we dla of for with from and or in to the"
_NUMBER_WORDS: Final = (
    "jeden jedna jedno jednu dva dve tri ctyri pet sest dwa dwie trzy cztery piec one two three four five six"
)
_ASKING: Final = frozenset(_ASKING_WORDS.split())
_JOINING: Final = frozenset(_JOINING_WORDS.split())
_NUMBERS: Final = frozenset(_NUMBER_WORDS.split())
_AMOUNT: Final = re.compile(r"\d+([.,]\d+)?(x|×|ks|szt|pcs)?")
_PIECES: Final = re.compile(
    r"(ks|kus\w*|szt\w*|pcs?|pieces?|x|×|kousk\w*|balic\w*|balik\w*|sacek|sacky|sacku|opakowan\w*|torebk\w*|packs?|packets?|bags?)"
)
_SHORTEST: Final = 3
_LONGEST: Final = 8
"""Words: who writes more tells a story, and is asked."""


def wanted_in(text: str) -> str | None:
    """The words that name goods, None where nothing is left of the sentence, or too much."""
    words = [word for word in re.findall(r"[\w.,×-]+", text) if word.strip(".,-")]
    kept = [word.strip(".,-") for word in words if not _asks(fold(word.strip(".,-")))]
    while kept and fold(kept[0]) in _JOINING:
        kept.pop(0)
    while kept and fold(kept[-1]) in _JOINING:
        kept.pop()
    found = " ".join(kept)
    return found if len(found) >= _SHORTEST and len(kept) <= _LONGEST else None


def _asks(word: str) -> bool:
    """Whether a word belongs to the asking, or says how many."""
    return (
        (word in _ASKING and word not in _JOINING)
        or word in _NUMBERS
        or _AMOUNT.fullmatch(word) is not None
        or _PIECES.fullmatch(word) is not None
    )
