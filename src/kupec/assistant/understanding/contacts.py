"""How somebody is called and reached: mail, phone, and a name where it is said that it is one."""

import re
from typing import Final

# Bounded, and looked for from the beginning of a run only: a message of nothing but letters is read in no time.
EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}")
PHONE: Final = re.compile(
    r"(?<![\w.])(?:(?:\+|00)\d{1,3}[\s-]?(?:\(0\)\s?)?\d{2,4}(?:[\s/-]?\d{2,4}){1,4}"
    r"|\d{3}[\s-]?\d{3}[\s-]?\d{3}|0\d{2,4}[\s/-]\d{3,4}(?:[\s/-]?\d{2,4}){1,2})(?![\s-]?\d)"
)
_CAPITAL: Final = r"[^\W\d_a-záčďéěíňóřšťúůýžąćęłńśźżäöüßñ]"
_CALLED: Final = rf"({_CAPITAL}[\w'’-]{{1,30}}(?:[ ]{_CAPITAL}[\w'’-]{{1,30}}){{0,2}})"
_INTRODUCED: Final = re.compile(
    r"\b(?i:jmenuj[iu] se|jmenuju se|mé jméno je|me jmeno je|volám sa|volam sa|moje meno je|nazywam się|nazywam sie"
    r"|mam na imię|mam na imie|z tej strony|my name is|i am|i'm|this is|ich heiße|ich heisse|mein name ist|ich bin"
    rf"|me llamo|mi nombre es|jsem|tady|zde|som|soy)[ ]{_CALLED}"
)
_SIGNED: Final = re.compile(
    r"\b(?i:s (?:pozdravem|pozdravom|úctou)|pozdrawiam|z poważaniem|(?:best |kind )?regards|sincerely"
    rf"|mit freundlichen grüßen|(?:viele|liebe) grüße|(?:un )?saludos?)[\s,.!]{{1,4}}{_CALLED}\s{{0,9}}\Z"
)


def name_in(text: str) -> str | None:
    """The name somebody gives for their own: introduced, or signed at the end."""
    found = _INTRODUCED.search(text) or _SIGNED.search(text[-120:])
    return found[1] if found else None


def digits_of(phone: str) -> str:
    """A number as it is dialled: "00" before a country is a plus, "(0)" is left out."""
    plain = re.sub(r"[^\d+]", "", phone.replace("(0)", ""))
    return f"+{plain[2:]}" if plain.startswith("00") else plain
