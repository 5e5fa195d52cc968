"""What the bot has at hand in a conversation: who it is, whether they have shown it, their cart, market and channel."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.kit.db import Connection, to_structs


class ChatContext(msgspec.Struct, frozen=True, kw_only=True):
    """Of one conversation. `party_id` is None for somebody unknown. `browser`: the one that spoke last, its cart."""

    conversation_id: UUID
    cart_id: UUID | None = None
    browser: UUID | None = None
    browser_cart_id: UUID | None = None
    market: str | None = None
    greeted: bool = False
    party_id: UUID | None = None
    party_name: str = ""


_REMEMBER = """
insert into chat_context (conversation_id, cart_id, market, updated_at)
values ($1, $2, $3, $4)
on conflict (conversation_id) do update
   set cart_id = coalesce(excluded.cart_id, chat_context.cart_id),
       market = coalesce(excluded.market, chat_context.market), updated_at = excluded.updated_at
 where chat_context.cart_id is distinct from coalesce(excluded.cart_id, chat_context.cart_id)
    or chat_context.market is distinct from coalesce(excluded.market, chat_context.market)
"""

_CONTEXTS = """
select c.id as conversation_id, coalesce(browser.cart_id, x.cart_id) as cart_id, browser.id as browser,
       browser.cart_id as browser_cart_id, x.market,
       coalesce(x.greeted, false) as greeted, p.id as party_id, coalesce(p.name, '') as party_name
  from conversation c
  left join chat_context x on x.conversation_id = c.id
  left join lateral (
      select v.id, v.cart_id
        from leg l join web_visitor v on v.id = case when l.channel = 'web' then l.address::uuid end
       where l.conversation_id = c.id order by l.last_incoming_at desc nulls last limit 1
  ) as browser on true
  left join party_alias a on a.member_id = c.customer_id
  left join party p on p.id = coalesce(a.party_id, c.customer_id)
 where c.id = any($1::uuid[])
"""


async def remember_context(
    db: Connection,
    conversation_id: UUID,
    *,
    cart_id: UUID | None = None,
    market: str | None = None,
    now: datetime,
) -> None:
    """Keep the cart and the market that a conversation goes on with; None leaves what was known."""
    if cart_id is not None or market is not None:
        await db.execute(_REMEMBER, conversation_id, cart_id, market, now)


async def contexts_of(db: Connection, conversation_ids: Sequence[UUID]) -> dict[UUID, ChatContext]:
    """By conversation."""
    rows = await db.fetch(_CONTEXTS, list(conversation_ids))
    return {context.conversation_id: context for context in to_structs(ChatContext, rows)}
