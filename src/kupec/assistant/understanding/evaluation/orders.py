"""What `kupec evaluate` and `kupec train` hand to the process that does it: an order, as JSON on its standard input."""

from typing import Literal

import msgspec


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """`files` by what they are for ("train", "test", "oos", "valid", …); for languages, `lists` of "xx=FILE"."""

    what: Literal["intents", "retrieval", "clusters", "language", "all", "train"]
    files: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    text_column: str = ""
    label_column: str = ""
    outside_labels: list[str] = []
    clusters: int | None = None
    without_accents: bool = False
    language: str = "en"
    encoder: str = ""
    data: str = ""
    into: str = ""
    report: str = ""
