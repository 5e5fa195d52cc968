"""What a turn works with and what comes of it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from kupec.assistant.acting import Called
from kupec.assistant.deciding import Decision
from kupec.assistant.flows import CallEffect, HttpEffect, RunState, SearchEffect, ToolFailure
from kupec.assistant.phrasing import Grounds
from kupec.assistant.understanding import Guess
from kupec.catalogue import Market
from kupec.conversations import Block, Handover, Known
from kupec.kit.tools import ToolContext


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn must know of where it stands."""

    base_url: str
    zone: str
    order_prefix: str = ""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A question for a language model, and all that its answer may rest on."""

    question: str
    language: str
    sources: list[Grounds]
    known: Known


class Played(msgspec.Struct, kw_only=True):
    """What came of a turn. `given_by` counts what was asked of tools and knowledge, for the figures."""

    blocks: list[Block] = []
    run: RunState
    language: str
    decision: Decision | None = None
    handover: Handover | None = None
    outside: CallEffect | HttpEffect | SearchEffect | None = None
    context: ToolContext | Asking | None = None
    """For `outside`: who asks a tool or another system, or what is to be phrased."""
    cart_id: UUID | None = None
    happened: list[Any] = []
    """Flows that began and ended."""
    withheld: list[str] = []
    """In a dry run: what would have been done here."""
    guesses: Sequence[Guess] = ()
    """What the words were taken for, the likeliest first."""
    patterns: set[str] = set()
    """The patterns that have spoken: `noticing.py` tells by them what was not understood."""


def market_for(markets: Mapping[str, Market], language: str) -> Market:
    """The market of a language, else the first. A shop without any can still talk."""
    of_language = [market for market in markets.values() if market.language == language]
    nowhere = Market(code="", language=language, currency="EUR", home_country="", countries=[])
    return next(iter([*of_language, *markets.values()]), nowhere)


def failure(error: Exception) -> Called:
    """A step outside that broke, as the flow's branches see it. What broke there is no customer's to read."""
    return Called(error=ToolFailure(code="timeout" if isinstance(error, TimeoutError) else "error"))
