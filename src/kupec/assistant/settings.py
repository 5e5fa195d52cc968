"""How much of the talking the merchant leaves to the bot: a versioned document."""

from typing import Literal

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.versions import Kind

Mode = Literal["answer", "suggest", "person"]


class Autonomy(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers what. `intent` is a flow's code, "article:<code>", or the beginning of one with a star ("article:*").

    "answer": the bot by itself; "suggest": a person, to whom the bot suggests what to say; "person": a person alone.
    """

    intent: str
    mode: Mode


class BotSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The first rule of `autonomy` that fits counts; what none fits, the bot answers."""

    autonomy: tuple[Autonomy, ...] = ()
    audience: Literal["formal", "informal"] = "formal"
    greets: bool = True
    offers: tuple[str, ...] = ("track_parcel", "find_product", "shipping_fee", "order_status")
    """Flows that are offered by a button to who has not said anything yet."""
    order_alone: str = "order_status"
    """The flow for who sends nothing but an order's number; empty for none."""
    goods_named: str = "find_product"
    """The flow for who names goods in words that are not understood otherwise; empty for none."""
    hand_over_when_angry: bool = True
    hand_over_when_sensitive: bool = True
    does: dict[str, str] = {}
    """By article's code, the flow that does what it tells of: asked in a conversation, the flow begins instead."""
    sensitive_words: tuple[str, ...] = ()
    """Words, or beginnings of words, that are for people."""
    value_at_stake: dict[str, int] = {}
    """By currency, in minor units: a cart from this on goes to a person when something is not understood."""
    knows_from: float = 0.5
    """An article answers when it fits at least so well, 0 to 1."""
    uses_model: bool = False
    """Whether a language model, if one is set up, may phrase answers that stand in articles."""

    def mode_of(self, intent: str | None) -> Mode:
        """Who answers this."""
        for rule in self.autonomy:
            if intent is not None and _fits(rule.intent, intent):
                return rule.mode
        return "answer"

    def while_suggesting(self) -> "BotSettings":
        """What is a person's with the bot's suggestion, the bot answers: to that person instead of the customer."""
        eased = (
            Autonomy(intent=one.intent, mode="answer" if one.mode == "suggest" else one.mode) for one in self.autonomy
        )
        return msgspec.structs.replace(self, autonomy=tuple(eased))


def _fits(pattern: str, intent: str) -> bool:
    return intent.startswith(pattern[:-1]) if pattern.endswith("*") else intent == pattern


def _check(document: BotSettings) -> None:
    for place, rule in enumerate(document.autonomy):
        if not rule.intent.strip("* "):
            raise InvalidValue(field=f"autonomy[{place}].intent", expected="a flow's code or article:…")
    if not 0 <= document.knows_from <= 1:
        raise InvalidValue(field="knows_from", expected="a number from 0 to 1")
    for currency, amount in document.value_at_stake.items():
        if amount <= 0:
            raise InvalidValue(field=f"value_at_stake.{currency}", expected="an amount above zero, in minor units")


BOT: Kind[BotSettings] = Kind("bot", BotSettings, default=BotSettings, check=_check)
"""How the bot behaves."""
