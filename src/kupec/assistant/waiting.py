"""What conversations wait for the bot: what was said and not answered, who said it, and what it is in the middle of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.assistant.context import ChatContext, contexts_of
from kupec.assistant.flows import RunState, load_runs
from kupec.assistant.rollouts import Versions
from kupec.conversations import Conversation, fill
from kupec.kit.db import Connection, to_structs


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the customer's that nobody has answered. `text` is in full, its marks filled."""

    id: UUID
    conversation_id: UUID
    number: int
    leg_id: UUID | None
    channel: str
    address: str
    text: str
    choice: str | None
    proven: bool


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A step begun outside: what was to be said before it, and which messages it answers."""

    answered: tuple[UUID, ...]
    key: str
    language: str
    search: str | None = None
    """The article's code ("" for any) where the step is a language model's phrasing of an answer."""
    blocks: list[dict[str, Any]] = []


class Waiting(msgspec.Struct, kw_only=True):
    """A conversation whose turn it is. `versions`: what is tried on it; `used`: the subjects that its turn has used."""

    conversation: Conversation
    said: list[Said]
    context: ChatContext
    run: RunState
    pending: Pending | None = None
    versions: Versions = Versions()
    used: set[str] = set()

    @property
    def text(self) -> str:
        """What was said since the last answer, as one."""
        return "\n".join(one.text for one in self.said if one.text)

    @property
    def choice(self) -> str | None:
        return self.said[-1].choice if self.said else None

    @property
    def channel(self) -> str:
        return self.said[-1].channel if self.said else "web"

    @property
    def leg_id(self) -> UUID | None:
        return self.said[-1].leg_id if self.said else None

    @property
    def proven(self) -> bool:
        """Whether all of it came from somebody who has shown who they are."""
        return self.context.party_id is not None and bool(self.said) and all(one.proven for one in self.said)

    @property
    def cart_id(self) -> UUID | None:
        """The cart in the hands of who speaks: of the browser itself, or of somebody who has shown who they are.

        Nobody else gets at it, and at the order that was made of it, by writing into the same conversation: a mail
        says of itself whose it is.
        """
        if bool(self.said) and all(one.proven for one in self.said):
            return self.context.cart_id
        browser = self.context.browser.hex if self.context.browser else ""
        own = bool(self.said) and all((one.channel, one.address) == ("web", browser) for one in self.said)
        return self.context.browser_cart_id if own else None


_SAID = """
select m.id, m.conversation_id, m.number, m.leg_id, coalesce(l.channel, '') as channel,
       coalesce(l.address, '') as address, m.text, m.proven,
       (select block -> 'choices' -> 0 ->> 'value' from jsonb_array_elements(m.content) as block
         where block ->> 'type' = 'choices' limit 1) as choice
  from message m join conversation c on c.id = m.conversation_id left join leg l on l.id = m.leg_id
 where m.conversation_id = any($1::uuid[]) and m.kind = 'incoming' and m.answered_by is null
   and m.number >= c.next_number - 50
   and not exists (select from message person where person.conversation_id = m.conversation_id
                      and person.number > m.number and person.kind = 'outgoing' and person.author <> 'bot')
 order by m.conversation_id, m.number
"""
_MARKS = "select conversation_id, mark, value from message_detail where conversation_id = any($1::uuid[])"


async def gather(db: Connection, conversations: Sequence[Conversation]) -> list[Waiting]:
    """What each of these waits for, in their order: a handful of statements for all of them."""
    ids = [one.id for one in conversations]
    said = await _said(db, ids)
    contexts = await contexts_of(db, ids)
    runs = await load_runs(db, ids)
    pending = await _pending(db, ids)
    return [
        Waiting(
            conversation=one,
            said=_heard(said.get(one.id, []), pending.get(one.id)),
            context=contexts[one.id],
            run=runs.get(one.id) or RunState(),
            pending=pending.get(one.id),
        )
        for one in conversations
    ]


def _heard(said: list[Said], pending: Pending | None) -> list[Said]:
    """A turn that goes on answers what it has heard; what came after that is the next one's."""
    return said if pending is None else [one for one in said if one.id in pending.answered]


async def _said(db: Connection, ids: Sequence[UUID]) -> dict[UUID, list[Said]]:
    found = to_structs(Said, await db.fetch(_SAID, list(ids)))
    marked = {one.conversation_id for one in found if "⟦" in one.text}
    marks: dict[UUID, dict[str, str]] = {}
    for row in await db.fetch(_MARKS, list(marked)) if marked else []:
        marks.setdefault(row["conversation_id"], {})[row["mark"]] = row["value"]
    by_conversation: dict[UUID, list[Said]] = {}
    for one in found:
        full = fill(one.text, marks.get(one.conversation_id, {}))
        by_conversation.setdefault(one.conversation_id, []).append(msgspec.structs.replace(one, text=full))
    return by_conversation


async def _pending(db: Connection, ids: Sequence[UUID]) -> dict[UUID, Pending]:
    rows = await db.fetch("select conversation_id, effect from bot_pending where conversation_id = any($1)", list(ids))
    return {row["conversation_id"]: msgspec.convert(row["effect"], Pending) for row in rows}


async def keep_pending(db: Connection, conversation_id: UUID, pending: Pending, *, upto: int, now: datetime) -> None:
    """A step outside begins: should its process die, it is done again, under the same key."""
    await db.execute(
        "insert into bot_pending (conversation_id, effect, upto, begun_at) values ($1, $2, $3, $4) "
        "on conflict (conversation_id) do update set effect = excluded.effect, upto = excluded.upto",
        *(conversation_id, msgspec.to_builtins(pending), upto, now),
    )


async def drop_pending(db: Connection, ids: Sequence[UUID]) -> None:
    await db.execute("delete from bot_pending where conversation_id = any($1::uuid[])", list(ids))
