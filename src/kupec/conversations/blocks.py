"""What a message shows: blocks that every channel can say in its own way (cards, buttons, a list, plain words)."""

from uuid import UUID

import msgspec


class Text(msgspec.Struct, frozen=True, kw_only=True, tag="text"):
    """Words. `**bold**`, `- lists` and bare links are all the markup there is."""

    text: str


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A button: what it says, and what comes back when it is pressed (or when its words or number are typed)."""

    label: str
    value: str


class Choices(msgspec.Struct, frozen=True, kw_only=True, tag="choices"):
    """A question with buttons below it."""

    choices: tuple[Choice, ...]
    text: str = ""


class Link(msgspec.Struct, frozen=True, kw_only=True, tag="link"):
    label: str
    url: str


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One product, order or parcel: title, a line or more below it, at most one picture, one link, and buttons."""

    title: str
    lines: tuple[str, ...] = ()
    picture: str = ""
    url: str = ""
    price: str = ""
    choices: tuple[Choice, ...] = ()


class Cards(msgspec.Struct, frozen=True, kw_only=True, tag="cards"):
    """Cards side by side; `kind` says of what: "product", "order", "cart", "standing", "invoice", "place"."""

    kind: str
    cards: tuple[Card, ...]


class Source(msgspec.Struct, frozen=True, kw_only=True, tag="source"):
    """Where an answer comes from: an article of ours, with its address."""

    title: str
    url: str


class File(msgspec.Struct, frozen=True, kw_only=True, tag="file"):
    """An attachment of this message."""

    attachment_id: UUID
    name: str
    media_type: str
    size: int


Block = Text | Choices | Link | Cards | Source | File
