"""Blocks as they are said aloud: no addresses, no markup, choices as a sentence."""

import re
from collections.abc import Iterable, Sequence

from kupec.conversations.blocks import Block, Card, Cards, Choice, Choices, File, Link, Source, Text
from kupec.conversations.markup import without_markup
from kupec.kit.i18n import mark, translate

_URL = re.compile(r"(?:https?://|www\.)\S+")
_PICTURES = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]")
_ITEM = re.compile(r"^[ \t]*[-*•] +", re.MULTILINE)
_SAY = mark("You can say: {choices}.")
_EITHER = mark("{first} or {last}")
_SENT = mark("I will send you the link to this.")


def spoken(blocks: Iterable[Block], language: str) -> str:
    """One text to read aloud."""
    return " ".join(filter(None, (_said(block, language) for block in blocks)))


def _said(block: Block, language: str) -> str:
    match block:
        case Text():
            return _clean(block.text)
        case Choices():
            return " ".join(filter(None, (_clean(block.text), _choices(block.choices, language))))
        case Cards():
            cards = [_card(card) for card in block.cards]
            choices = [choice for card in block.cards for choice in card.choices] if len(cards) == 1 else []
            return " ".join([*cards, *filter(None, (_choices(choices, language),))])
        case Link():
            return f"{_ended(_clean(block.label))} {translate(language, _SENT)}"
        case Source() | File():
            return ""


def _card(card: Card) -> str:
    return " ".join(_ended(_clean(part)) for part in (card.title, card.price, *card.lines) if part)


def _choices(choices: Sequence[Choice], language: str) -> str:
    labels = [_clean(choice.label) for choice in choices]
    if not labels:
        return ""
    said = ", ".join(labels[:-1])
    joined = translate(language, _EITHER).format(first=said, last=labels[-1]) if said else labels[-1]
    return translate(language, _SAY).format(choices=joined)


def _clean(text: str) -> str:
    bare = _PICTURES.sub("", _URL.sub("", _ITEM.sub("", without_markup(text))))
    lines = [_ended(line.strip()) if "\n" in bare else line.strip() for line in bare.splitlines() if line.strip()]
    return " ".join(" ".join(lines).split())


def _ended(text: str) -> str:
    return text if not text or text[-1] in ".!?,:;…" else f"{text}."
