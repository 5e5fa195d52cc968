"""From words to meaning: language, intent with its probability, what is named, and who wants a person.

Local and fast: no model is fetched, nothing leaves the machine. What it does not know it says it does not know.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

import msgspec

from kupec.assistant.understanding.entities import Words, entities_in, is_order_alone
from kupec.assistant.understanding.errors import UnreadableModel
from kupec.assistant.understanding.goods import Goods
from kupec.assistant.understanding.intents import Guess, IntentModel, Reading
from kupec.assistant.understanding.languages import LanguageModel
from kupec.assistant.understanding.mood import is_angry, is_sensitive
from kupec.assistant.understanding.person import wants_person
from kupec.assistant.understanding.several import parts

__all__ = [
    "Goods",
    "Guess",
    "IntentModel",
    "LanguageModel",
    "Reading",
    "Understood",
    "UnreadableModel",
    "Words",
    "entities_in",
    "is_order_alone",
    "parts",
    "understand",
    "wants_person",
]


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn of the customer means. `guesses` are the likeliest intents; `is_known` that the first is trusted."""

    text: str
    language: str
    guesses: Sequence[Guess] = ()
    is_known: bool = False
    entities: dict[str, Any] = {}
    wants_person: bool = False
    is_angry: bool = False
    is_sensitive: bool = False

    @property
    def intent(self) -> str | None:
        return self.guesses[0].intent if self.is_known and self.guesses else None

    @property
    def confidence(self) -> float:
        return self.guesses[0].probability if self.guesses else 0.0


def understand(
    text: str,
    *,
    intents: IntentModel,
    languages: LanguageModel,
    spoken: str,
    shop: Words,
    today: date,
    goods: Mapping[str, Goods] = MappingProxyType({}),
    kept_for_people: frozenset[str] = frozenset(),
) -> Understood:
    """What `text` means in a conversation that has been in the language `spoken` so far; `goods` by language."""
    reading = intents.read(text)
    names = goods.get(spoken)
    is_name = names is not None and names.is_all_names(text)  # "Brazílie Santos" is said in every language
    language = spoken if is_name else languages.language_of(text, spoken=spoken)
    return Understood(
        text=text,
        language=language,
        guesses=reading.guesses,
        is_known=reading.is_known,
        entities=entities_in(text, shop, today, goods.get(language)),
        wants_person=wants_person(text),
        is_angry=is_angry(text),
        is_sensitive=is_sensitive(text, kept_for_people),
    )
