"""How the bot begins: it says what it is, what is worth knowing just now, and offers what people come for."""

from uuid import UUID

from kupec.assistant.acting import call
from kupec.assistant.deciding import PERSON
from kupec.assistant.flows import Program
from kupec.assistant.turn import Player
from kupec.assistant.turn_models import market_for
from kupec.conversations import Block, Choice, Choices, Text
from kupec.customers import roles_of
from kupec.kit.actor import customer, guest
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.tools import ToolContext

_HELLO = _("Hello. I am the shop's bot: ask me about goods, delivery or your orders, or have me call a person.")
_HELLO_NAME = _("Hello {name}. I am the shop's bot.")
_PERSON = _("I want a person")
_MOST_OFFERS = 4


async def greet(
    player: Player, *, language: str, visitor_id: UUID, party_id: UUID | None, cart_id: UUID | None
) -> list[Block]:
    """For somebody who has opened the chat and said nothing yet."""
    facts = await call(
        player.toolbox, "my_greeting", {}, await _context(player, language, visitor_id, party_id, cart_id)
    )
    told = facts.result if facts.error is None and player.settings.greets else {}
    name = told.get("name") or ""
    hello = translate(language, _HELLO_NAME).format(name=name) if name else translate(language, _HELLO)
    text = " ".join(filter(None, (hello, told.get("text"))))
    offers = [*_offers(player, language), Choice(label=translate(language, _PERSON), value=PERSON)]
    return [Text(text=text), Choices(choices=tuple(offers))]


def _offers(player: Player, language: str) -> list[Choice]:
    """Buttons of the flows that the merchant offers, by their titles."""
    found = [player.flows.get(code) for code in player.settings.offers]
    return [
        Choice(label=_asked(program, language), value=f"flow:{program.flow.code}")
        for program in found
        if program is not None
    ][:_MOST_OFFERS]


def _asked(program: Program, language: str) -> str:
    """As a customer would say it: the first of its phrasings."""
    said = next(iter(program.flow.phrasings.get(language, ())), "") or program.title(language)
    return said[0].upper() + said[1:]


async def _context(
    player: Player, language: str, visitor_id: UUID, party_id: UUID | None, cart_id: UUID | None
) -> ToolContext:
    market = market_for(player.markets, language)
    known = party_id is not None
    return ToolContext(
        db=player.db,
        actor=customer(party_id, await roles_of(player.db, party_id)) if party_id else guest(cart_id or visitor_id),
        now=player.now,
        key=f"greeting:{visitor_id}",
        language=language,
        market=market.code,
        channel="web",
        currency=market.currency,
        customer_id=visitor_id,
        party_id=party_id,
        proven=known,
        cart_id=cart_id,
        base_url=player.shop.base_url,
        services=player.services,
    )
