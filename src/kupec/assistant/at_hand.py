"""What a process has at hand for a turn: the flows, the tools, the shop and its settings, and who stands at them."""

import copy
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from kupec.assistant.acting import call
from kupec.assistant.answering import Asked, find
from kupec.assistant.brain import Brain
from kupec.assistant.flows import FlowSet
from kupec.assistant.rollouts import Versions
from kupec.assistant.settings import BotSettings
from kupec.assistant.turn_models import Shop, market_for
from kupec.assistant.waiting import Waiting
from kupec.catalogue import Market
from kupec.customers import roles_of
from kupec.kit.actor import Actor, customer, guest
from kupec.kit.db import Connection
from kupec.kit.tools import Services, Toolbox, ToolContext
from kupec.knowledge import Article, Hit, Index, current_index


class AtHand:
    """`markets` by code, `settings` as published."""

    def __init__(
        self,
        db: Connection,
        flows: FlowSet,
        brain: Brain,
        toolbox: Toolbox,
        services: Services | None,
        shop: Shop,
        settings: BotSettings,
        markets: Mapping[str, Market],
        now: datetime,
        *,
        is_dry: bool = False,
        phrases: bool = False,
    ) -> None:
        self.db = db
        self.flows = flows
        self.brain = brain
        self.toolbox = toolbox
        self.services = services
        self.shop = shop
        self.settings = settings
        self.markets = markets
        self.now = now
        self.is_dry = is_dry
        self.intents = brain.intents
        self.wordings: Mapping[str, Article] = {}
        self._may_phrase = phrases and not is_dry
        self._index: Index | None = None
        self._found: dict[tuple[UUID, str, Asked, str, int], list[Hit]] = {}

    @property
    def phrases(self) -> bool:
        return self._may_phrase and self.settings.uses_model

    def given(self, versions: Versions) -> Self:
        """The same with what is tried on a conversation."""
        other = copy.copy(self)
        other.intents = versions.intents or self.intents
        other.settings = versions.settings or self.settings
        other.flows = versions.flows(self.flows)
        other.wordings = versions.wordings
        return other

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.shop.zone)).date()

    def asked(self, one: Waiting, language: str) -> Asked:
        voice = one.channel in ("phone", "counter", "voice")
        return Asked(language=language, channel=one.channel, voice=voice, audience=self.settings.audience)

    async def find(self, one: Waiting, text: str, asked: Asked, *, article: str = "", limit: int = 1) -> list[Hit]:
        """What knowledge has: asked for once, though a turn needs it to decide, and again to answer."""
        self._index = self._index or await current_index(self.db)
        key = (one.conversation.id, text, asked, article, limit)
        if key not in self._found:
            self._found[key] = await find(self.db, text, asked, article=article, limit=limit, index=self._index)
        return self._found[key]

    def market(self, one: Waiting, language: str) -> Market:
        """Where the customer shops: as the page said, else the market of the language, else the first."""
        known = self.markets.get(one.context.market or "")
        if known is not None:
            return known
        return market_for(self.markets, language)

    async def tool_context(self, one: Waiting, language: str, key: str, cart_id: UUID | None) -> ToolContext:
        market = self.market(one, language)
        cart = cart_id or one.cart_id
        return ToolContext(
            db=self.db,
            actor=await self._actor(one, cart),
            now=self.now,
            key=key,
            language=language,
            market=market.code,
            channel=one.channel,
            currency=market.currency,
            conversation_id=one.conversation.id,
            customer_id=one.conversation.customer_id,
            party_id=one.context.party_id,
            proven=one.proven,
            cart_id=cart,
            base_url=self.shop.base_url,
            services=self.services,
        )

    async def facts(self, one: Waiting, language: str, tool: str) -> Mapping[str, Any] | None:
        """What a tool that needs no arguments says, None where it says nothing to who asks."""
        context = await self.tool_context(one, language, f"facts:{one.conversation.id}:{tool}", None)
        called = await call(self.toolbox, tool, {}, context)
        return called.result if called.error is None else None

    async def _actor(self, one: Waiting, cart_id: UUID | None) -> Actor:
        if one.proven and one.context.party_id is not None:
            return customer(one.context.party_id, await roles_of(self.db, one.context.party_id))
        return guest(cart_id or one.conversation.id)
