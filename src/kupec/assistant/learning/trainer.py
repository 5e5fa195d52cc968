"""The process that trains: intents and languages, from JSON on standard input, as msgpack on standard output.

`python -m kupec.assistant.learning.trainer`: what trains needs libraries and seconds that no other process has.
"""

import sys

import msgspec

from kupec.assistant.understanding.languages import train_languages
from kupec.assistant.understanding.training import train
from kupec.kit.encoder import open_encoder


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to train from: texts with their languages and intents; `begins` are the intents that begin something."""

    phrases: list[tuple[str, str, str]]
    begins: list[str]
    outside: list[str] = []
    encoder: str = ""
    """The directory of a sentence encoder, if there is one."""


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """Both models, as they are stored."""

    intents: bytes
    languages: bytes


def trained(order: Order) -> Trained:
    """The same order makes the same bytes."""
    encoder = open_encoder(order.encoder) if order.encoder else None
    spoken = [(text, intent) for text, _language, intent in order.phrases]
    intents = train(spoken, begins=frozenset(order.begins), outside=order.outside, encoder=encoder)
    languages = train_languages([(text, language) for text, language, _intent in order.phrases])
    return Trained(intents=intents.dump(), languages=languages.dump())


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.msgpack.encode(trained(order)))


if __name__ == "__main__":
    main()
