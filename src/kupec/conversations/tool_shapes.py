"""What the tools that lead to a person take and answer."""

from typing import Annotated

import msgspec
from msgspec import Meta


class TalkToPerson(msgspec.Struct, frozen=True, kw_only=True):
    reason: Annotated[str, Meta(max_length=500, description="What it is about, in a sentence.")] = ""


class AskedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """`handed_over`: people hold the conversation now. `minutes` is how long it may take, 0 for not known."""

    handed_over: bool
    open: bool
    place: int
    minutes: int
    next_opening_text: str
    text: str


class BookCallback(msgspec.Struct, frozen=True, kw_only=True):
    phone: Annotated[str, Meta(max_length=40, description="With its country code; empty for the customer's.")] = ""
    when: Annotated[
        str, Meta(max_length=40, description="When, an ISO date and time in the shop's zone; empty for soon.")
    ] = ""
    about: Annotated[str, Meta(max_length=500)] = ""


class BookedCallback(msgspec.Struct, frozen=True, kw_only=True):
    """`moved`: not when it was asked for, as nobody is here then."""

    task_id: str
    due_at: str
    due_text: str
    moved: bool
    phone: str
    text: str
