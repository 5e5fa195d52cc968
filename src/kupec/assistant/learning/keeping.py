"""Keeping what the bot could not do: in the turn's own transaction, one statement a batch, once a message."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kupec.assistant.learning.cases import folded
from kupec.assistant.learning.models import Missed, Stumble
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7

_KEEP: Final = """
insert into missed_question (id, reason, conversation_id, message_id, customer_id, text, folded, language, channel,
                             guess, probability, flow, step, alone, cart_value, currency, created_at)
select new.id, new.reason, new.conversation_id, asked.id, coalesce(own.party_id, c.customer_id), asked.text, asked.text,
       new.language, new.channel, new.guess, new.probability, new.flow, new.step, new.alone, cart.value, cart.currency,
       $15
  from unnest($1::uuid[], $2::text[], $3::uuid[], $4::int[], $5::int[], $6::boolean[], $7::text[], $8::text[],
              $9::text[], $10::real[], $11::text[], $12::text[], $13::boolean[], $14::uuid[])
       as new (id, reason, conversation_id, first, last, before, language, channel, guess, probability, flow, step,
               alone, cart_id)
  join conversation c on c.id = new.conversation_id
  left join party_alias own on own.member_id = c.customer_id
  join lateral (
      select (array_agg(m.id order by m.number desc))[1] as id, string_agg(m.text, E'\\n' order by m.number) as text
        from message m
       where m.conversation_id = new.conversation_id and m.kind = 'incoming'
         and case when new.before
                  then m.number = (select max(asked.number) from message asked
                                    where asked.conversation_id = new.conversation_id and asked.kind = 'incoming'
                                      and asked.number < new.first and asked.answered_by is not null)
                  else m.number between new.first and new.last end
  ) as asked on asked.id is not null and asked.text <> ''
  left join lateral (
      select sum(line.quantity * price.amount)::bigint as value, min(market.currency) as currency
        from cart join market on market.code = cart.market
        join cart_line line on line.cart_id = cart.id
        join price on price.variant_id = line.variant_id and price.currency = market.currency
       where cart.id = new.cart_id and cart.state = 'open'
  ) as cart on true
on conflict (message_id) do nothing
returning id, text
"""
_STUMBLE: Final = """
insert into flow_stumble (id, conversation_id, flow, version, step, what, created_at)
select *, $7 from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::text[])
"""


async def keep_missed(db: Connection, missed: Sequence[Missed], *, now: datetime) -> int:
    """Keep what was not answered, with the words as they are stored (masked); what is known already stays.

    Returns how many were kept. Nothing is emitted: the messages are in the log, and this is read from them.
    """
    if not missed:
        return 0
    rows = await db.fetch(
        _KEEP,
        [uuid7() for _ in missed],
        [one.reason for one in missed],
        [one.conversation_id for one in missed],
        [one.first for one in missed],
        [one.last for one in missed],
        [one.before for one in missed],
        [one.language for one in missed],
        [one.channel for one in missed],
        [one.guess for one in missed],
        [one.probability for one in missed],
        [one.flow for one in missed],
        [one.step for one in missed],
        [one.alone for one in missed],
        [one.cart_id for one in missed],
        now,
    )
    await db.execute(
        "update missed_question q set folded = new.form from unnest($1::uuid[], $2::text[]) as new (id, form) "
        "where q.id = new.id",
        [row["id"] for row in rows],
        [folded(row["text"]) for row in rows],
    )
    return len(rows)


async def keep_stumbles(db: Connection, stumbles: Sequence[Stumble], *, now: datetime) -> None:
    """Keep where customers stumbled in flows."""
    if stumbles:
        await db.execute(
            _STUMBLE,
            [uuid7() for _ in stumbles],
            [one.conversation_id for one in stumbles],
            [one.flow for one in stumbles],
            [one.version for one in stumbles],
            [one.step for one in stumbles],
            [one.what for one in stumbles],
            now,
        )


async def keep_unhelpful(
    db: Connection, text: str, *, article: str, language: str, channel: str, now: datetime
) -> bool:
    """Keep what somebody had looked for when they said that an article does not help; the same once a day.

    Nobody is known here: on the help pages nobody is signed in. `text` is masked already. False where nothing was kept.
    """
    said = " ".join(text.split())[:500]
    if not said:
        return False
    kept: bool | None = await db.fetchval(
        """
        insert into missed_question (id, reason, text, folded, language, channel, article, created_at)
        select $1, 'unhelpful', $2, $3, $4, $5, $6, $7::timestamptz
         where not exists (select from missed_question where reason = 'unhelpful' and folded = $3 and article = $6
                              and created_at > $7::timestamptz - interval '1 day')
        returning true
        """,
        *(uuid7(), said, folded(said), language, channel, article, now),
    )
    return bool(kept)
