"""How an answer becomes words and blocks: by language, channel, voice or text, formal or informal, with its values."""

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

import msgspec
from babel.dates import format_date
from babel.numbers import format_decimal

from kupec.assistant.flows.expressions import look_up
from kupec.assistant.flows.flow import Answer, CardsFrom, ChoicesFrom, Label, Words, worded
from kupec.assistant.flows.flow_set import FlowSet
from kupec.assistant.flows.run import AskEffect, Option, SayEffect
from kupec.conversations import Block, Card, Cards, Choice, Choices, Link, Text
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate, translations
from kupec.kit.money import Money, display

NAMED: Final = re.compile(r"\{([^\W\d]\w*(?:\.\w+)*)\}")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
# What a name without a value leaves behind: two spaces, or one before a full stop.
_GAP: Final = re.compile(r" (?= )|(?<=\S) +([.,;?!])(?=\s|$)")
_REGION: Final = {"en": "en_GB"}
MOST_MEMBERS: Final = 10
"""Members of a list that are shown; more are read by nobody in a conversation."""


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """To whom and how one speaks."""

    language: str
    channel: str = "web"
    voice: bool = False
    informal: bool = False


def answer_of(flow_set: FlowSet, flow: str, version: int, answer: str) -> Answer | None:
    """An answer of a version of a flow."""
    program = flow_set.pinned(flow, version)
    return program.flow.answers.get(answer) if program is not None else None


def speak(flow_set: FlowSet, effect: SayEffect | AskEffect, manner: Manner) -> list[Block]:
    """What the channel is given to show. An answer that is gone says nothing, rather than something wrong."""
    program = flow_set.pinned(effect.flow, effect.version)
    answer = program.flow.answers.get(effect.answer) if program is not None else None
    options = effect.choices if isinstance(effect, AskEffect) else ()
    if answer is None:
        return [Choices(choices=tuple(Choice(label=one.label, value=one.value) for one in options))] if options else []
    return answer_blocks(answer, effect.values, manner, options=options)


def answer_blocks(
    answer: Answer, values: Mapping[str, Any], manner: Manner, *, options: tuple[Option, ...] = ()
) -> list[Block]:
    """The answer's blocks: its words with a line for each member of its list, cards, a link, and buttons last."""
    language = manner.language
    text = said(answer, values, manner)
    if answer.list is not None:
        text = "\n".join(filter(None, (text, *_lines(answer, values, language))))
    blocks: list[Block] = []
    offered = tuple(
        Choice(label=one.label, value=one.value) for one in (*options, *options_of(answer.choices, values, language))
    )
    cards = _cards(answer.cards, values, language) if answer.cards is not None and not manner.voice else None
    if text and (cards or not offered):
        blocks.append(Text(text=text))
    if cards:
        blocks.append(cards)
    if answer.link is not None and not manner.voice and (url := fill(answer.link.url, values, language)):
        blocks.append(Link(label=fill(worded(answer.link.label, language), values, language), url=url))
    if offered:
        blocks.append(Choices(choices=offered, text="" if cards else text))
    return blocks


def said(answer: Answer, values: Mapping[str, Any], manner: Manner) -> str:
    """The words of an answer: the channel's own, the spoken ones, or those for all, in the language."""
    own = answer.channels.get(manner.channel, {})
    for words in (own, answer.voice if manner.voice else {}, answer.text):
        if manner.language in words:
            return fill(worded(words, manner.language, informal=manner.informal), values, manner.language)
    return fill(worded(answer.text, manner.language, informal=manner.informal), values, manner.language)


def _lines(answer: Answer, values: Mapping[str, Any], language: str) -> list[str]:
    assert answer.list is not None, "asked for by who has looked"
    words = worded(answer.list.words, language)
    return [fill(words, {**values, **member}, language) for member in _members(answer.list.source, values)]


def _members(source: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = look_up(tuple(source.split(".")), values)
    if not isinstance(found, list | tuple):
        return []
    return [one if isinstance(one, dict) else {"it": one} for one in found[:MOST_MEMBERS]]


def _cards(cards: CardsFrom, values: Mapping[str, Any], language: str) -> Cards | None:
    made = [_card(cards, {**values, **member}, language) for member in _members(cards.source, values)]
    return Cards(kind=cards.kind, cards=tuple(made)) if made else None


def _card(cards: CardsFrom, values: Mapping[str, Any], language: str) -> Card:
    own = values.get("lines")
    lines = cards.lines or (tuple(str(one) for one in own) if isinstance(own, list | tuple) else ())
    return Card(
        title=fill(cards.title, values, language),
        lines=tuple(line for one in lines if (line := fill(one, values, language))),
        price=fill(cards.price, values, language),
        picture=fill(cards.picture, values, language),
        url=fill(cards.url, values, language),
        choices=tuple(Choice(label=one.label, value=one.value) for one in options_of(cards.choices, values, language)),
    )


def shown_by(answer: Answer, values: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """What the buttons on an answer's cards begin, with the cards' titles; nothing where they begin nothing."""
    cards = _cards(answer.cards, values, language) if answer.cards is not None else None
    return [
        (choice.value, card.title)
        for card in (cards.cards if cards is not None else ())
        for choice in card.choices[:1]
        if choice.value.startswith("flow:")
    ]


def options_of(
    choices: tuple[Label, ...] | ChoicesFrom, values: Mapping[str, Any], language: str
) -> tuple[Option, ...]:
    """What there is to choose from."""
    if isinstance(choices, ChoicesFrom):
        found = [
            Option(label=fill(choices.label, member, language), value=fill(choices.value, member, language))
            for member in _members(choices.source, values)
        ]
        return tuple(one for one in found if one.value)
    return tuple(
        Option(label=fill(worded(one.label, language), values, language), value=fill(one.value, values, language))
        for one in choices
    )


def words_beside(choices: ChoicesFrom, values: Mapping[str, Any], language: str) -> dict[str, list[str]]:
    """Other ways to name what a result offers, by value: each member may bring its own `words`."""
    return {
        fill(choices.value, member, language): [str(word) for word in member["words"]]
        for member in _members(choices.source, values)
        if isinstance(member.get("words"), list | tuple)
    }


def fill(text: str, values: Mapping[str, Any], language: str) -> str:
    """The text with what its brackets name; what is not known is left out."""
    if "{" not in text:
        return text
    filled = NAMED.sub(lambda found: in_words(look_up(tuple(found[1].split(".")), values), language), text)
    return _GAP.sub(lambda found: found[1] or "", filled).strip()


def in_words(value: Any, language: str) -> str:
    """A value as one says it: days, money and intervals by the language."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return translate(language, _("yes") if value else _("no"))
    if isinstance(value, float):
        return format_decimal(value, locale=language)
    if isinstance(value, str):
        return _day(value, language) if _DAY.fullmatch(value) else value
    if isinstance(value, list | tuple):
        return ", ".join(in_words(one, language) for one in value[:MOST_MEMBERS])
    if isinstance(value, Mapping):
        return _composed(value, language)
    return str(value)


def _composed(value: Mapping[str, Any], language: str) -> str:
    if isinstance(value.get("amount"), int) and isinstance(value.get("currency"), str):
        return display(Money(value["amount"], value["currency"]), language)
    if isinstance(value.get("every"), int) and value.get("unit") in ("day", "week", "month", "year"):
        return interval_in_words(value["every"], value["unit"], language)
    return next((str(value[name]) for name in ("text", "label", "name", "number", "sku") if value.get(name)), "")


def interval_in_words(every: int, unit: str, language: str) -> str:
    """ "every 2 months"."""
    ngettext = translations(language).ngettext
    match unit:
        case "day":
            text = ngettext("every day", "every %(num)d days", every)
        case "week":
            text = ngettext("every week", "every %(num)d weeks", every)
        case "month":
            text = ngettext("every month", "every %(num)d months", every)
        case _:
            text = ngettext("every year", "every %(num)d years", every)
    return text % {"num": every}


def _day(text: str, language: str) -> str:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return text
    return str(format_date(found, "long", locale=_REGION.get(language, language)))


@lru_cache(maxsize=2_000)
def _roots(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.split(".")[0] for text in texts for name in NAMED.findall(text))


def used_by(answer: Answer | None) -> frozenset[str]:
    """The names an answer is filled with, without their parts."""
    if answer is None:
        return frozenset()
    roots = set(_roots(tuple(texts_of(answer))))
    for part in (answer.choices, answer.cards, answer.list):
        if isinstance(part, msgspec.Struct):
            roots.add(str(part.source).split(".")[0])
    return frozenset(roots)


def texts_of(answer: Answer) -> list[str]:
    """Every text of an answer, whatever it is for."""
    found: list[str] = []
    _gather(msgspec.to_builtins(answer), found)
    return found


def words_of(answer: Answer) -> list[tuple[str, Words]]:
    """The texts that must stand in every language, with where they stand in the answer."""
    found = [("text", answer.text)]
    if answer.voice:
        found.append(("voice", answer.voice))
    if isinstance(answer.choices, tuple):
        found += [(f"choices[{index}].label", one.label) for index, one in enumerate(answer.choices)]
    if answer.cards is not None:
        found += [(f"cards.choices[{index}].label", one.label) for index, one in enumerate(answer.cards.choices)]
    if answer.list is not None:
        found.append(("list.words", answer.list.words))
    if answer.link is not None:
        found.append(("link.label", answer.link.label))
    return found


def _gather(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict):
        for one in value.values():
            _gather(one, found)
    elif isinstance(value, list | tuple):
        for one in value:
            _gather(one, found)
