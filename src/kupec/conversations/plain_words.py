"""Blocks in plain words: what is searched, read aloud in a list, and shown where nothing else can be."""

from collections.abc import Iterable, Sequence

from kupec.conversations.blocks import Block, Card, Cards, Choice, Choices, File, Link, Source, Text


def plain_text(blocks: Iterable[Block]) -> str:
    """The words of a message, block by block, with an empty line between them; buttons are numbered."""
    return "\n\n".join(filter(None, (_words(block) for block in blocks)))


def numbered(choices: Sequence[Choice], *, first: int = 1) -> str:
    return "\n".join(f"{number}. {choice.label}" for number, choice in enumerate(choices, first))


def card_words(card: Card) -> str:
    head = f"{card.title} – {card.price}" if card.price else card.title
    return "\n".join(filter(None, (head, *card.lines, card.url)))


def _words(block: Block) -> str:
    match block:
        case Text():
            return block.text
        case Choices():
            return "\n".join(filter(None, (block.text, numbered(block.choices))))
        case Link() | Source():
            return f"{_label(block)}: {block.url}"
        case Cards():
            return "\n\n".join(card_words(card) for card in block.cards)
        case File():
            return block.name


def _label(block: Link | Source) -> str:
    return block.label if isinstance(block, Link) else block.title
