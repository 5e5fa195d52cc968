"""How blocks are said in a channel: cards become a list, a list buttons, buttons numbered words, words speech.

Pure. What comes out never shows more buttons, rows or characters than the channel takes, and loses no word on the way.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from kupec.conversations.blocks import Block, Card, Cards, Choice, Choices, File, Link, Source, Text
from kupec.conversations.channel import Capabilities
from kupec.conversations.markup import as_html, without_markup
from kupec.conversations.plain_words import card_words, numbered
from kupec.conversations.speech import spoken


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """One message as a channel shows it. `text` is in the channel's markup, and empty only beside cards or files."""

    text: str = ""
    buttons: tuple[Choice, ...] = ()
    rows: tuple[Choice, ...] = ()
    """Of a list to choose from, where there are more than fit as buttons."""
    cards: tuple[Card, ...] = ()
    files: tuple[File, ...] = ()


def render(blocks: Iterable[Block], capabilities: Capabilities, language: str) -> list[Rendered]:
    """The messages in which a channel of these capabilities says `blocks`, in their order."""
    if capabilities.voice:
        return [Rendered(text=part) for part in split(spoken(blocks, language), capabilities.length)]
    writer = _Writer(capabilities)
    for block in blocks:
        writer.add(block)
    return writer.done()


class _Writer:
    """Gathers words until something ends the message: buttons, cards, a file."""

    def __init__(self, capabilities: Capabilities) -> None:
        self._can = capabilities
        self._words: list[str] = []
        self._done: list[Rendered] = []
        self._number = 1

    def add(self, block: Block) -> None:
        match block:
            case Text():
                self._words.append(block.text)
            case Choices():
                self._words += filter(None, (block.text,))
                self._choices(block.choices)
            case Link(label=label) | Source(title=label):
                self._words.append(label if block.url in label else f"{label}: {block.url}")
            case Cards():
                self._cards(block.cards)
            case File():
                self._file(block)

    def done(self) -> list[Rendered]:
        self._end()
        return self._done

    def _end(self, *, buttons: tuple[Choice, ...] = (), rows: tuple[Choice, ...] = ()) -> None:
        """Close the message; buttons stand below its last part."""
        words = "\n\n".join(filter(None, (one.strip() for one in self._words)))
        self._words = []
        if not words and (buttons or rows):
            words = "…"  # no channel takes buttons below nothing
        parts = [self._marked(part) for part in split(words, self._room())]
        self._done += [Rendered(text=part) for part in parts[:-1]]
        if parts:
            self._done.append(Rendered(text=parts[-1], buttons=buttons, rows=rows))

    def _choices(self, choices: Sequence[Choice]) -> None:
        fits = all(choice.label for choice in choices)
        if fits and 0 < len(choices) <= self._can.buttons:
            self._end(buttons=tuple(choices))
        elif fits and 0 < len(choices) <= self._can.list_rows:
            self._end(rows=tuple(choices))
        elif choices:
            self._words.append(numbered(choices, first=self._number))
        self._number += len(choices)

    def _cards(self, cards: Sequence[Card]) -> None:
        most = max((len(card.choices) for card in cards), default=0)
        longest = max((len(card_words(card)) for card in cards), default=0)
        if self._can.cards and most <= self._can.buttons and longest < self._room():
            self._end()
            size = self._can.cards
            self._done += [Rendered(cards=tuple(cards[at : at + size])) for at in range(0, len(cards), size)]
            self._number += sum(len(card.choices) for card in cards)
            return
        self._words += [card_words(card) for card in cards]
        choices = [choice_of_card(card, choice) for card in cards for choice in card.choices]
        if choices:
            self._choices(choices)

    def _file(self, file: File) -> None:
        if self._can.files and file.size <= self._can.file_size:
            self._end()
            self._done.append(Rendered(files=(file,)))
        else:
            self._words.append(file.name)

    def _marked(self, text: str) -> str:
        match self._can.markup:
            case "html":
                return as_html(text)
            case "none":
                return without_markup(text)
            case "light":
                return text

    def _room(self) -> int:
        # Escaping makes a text longer; where that counts, a fifth is left for it.
        return self._can.length * 4 // 5 if self._can.markup == "html" else self._can.length


def choice_of_card(card: Card, choice: Choice) -> Choice:
    """A card's button where its card is no longer around it: it says of what it is."""
    return Choice(label=f"{choice.label}: {card.title}", value=choice.value)


def choices_in(blocks: Iterable[Block]) -> list[Choice]:
    """All that can be chosen in a message, in the order in which it is numbered."""
    return list(_choices_in(blocks))


def _choices_in(blocks: Iterable[Block]) -> Iterator[Choice]:
    for block in blocks:
        if isinstance(block, Choices):
            yield from block.choices
        elif isinstance(block, Cards):
            yield from (choice_of_card(card, choice) for card in block.cards for choice in card.choices)


def split(text: str, length: int) -> list[str]:
    """`text` in parts of at most `length` characters, cut between paragraphs, lines, sentences or words."""
    parts = []
    while len(text) > length:
        at = _cut(text, length)
        parts.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [*parts, text] if text else parts


def _cut(text: str, length: int) -> int:
    for separator in ("\n\n", "\n", ". ", " "):
        at = text.rfind(separator, length // 3, length)
        if at > 0:
            return at + (1 if separator == ". " else 0)
    return length
