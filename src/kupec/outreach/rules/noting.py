"""The log's reader that notes what rules are to do: a row for each occasion, in the transaction that moves on."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.customers import roots
from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.ids import uuid7
from kupec.kit.subscribers import Subscriber
from kupec.kit.versions import published
from kupec.outreach.rules.deciding import Occasion, names_of, of_event
from kupec.outreach.rules.document import RULES
from kupec.outreach.rules.facts import firsts
from kupec.outreach.rules.models import EVENTS, EventTrigger, Rule


def rules_subscriber() -> Subscriber:
    """Notes what published rules are to do about what happens from now on; imported history is passed over."""
    return Subscriber(name="outreach.rules", events=EVENTS, handle=note_events, start="now", rest=0.5)


async def note_events(db: Connection, events: Sequence[Event]) -> None:
    """A row for each occasion of an active rule; what has been noted is not noted again."""
    rules = [rule for rule in (await published(db, RULES))[RULES].rules if rule.active]
    await note_occasions(db, await occasions_of(db, rules, events))


async def occasions_of(db: Connection, rules: Sequence[Rule], events: Sequence[Event]) -> list[Occasion]:
    """What events of the log are to these rules."""
    wanted = [event for event in events if any(event.name in names_of(rule) for rule in rules)]
    if not wanted:
        return []
    root = await roots(db, {event.customer_id for event in wanted if event.customer_id})
    asked = [
        (event.id, event.name, root[event.customer_id], event.occurred_at)
        for event in wanted
        if event.customer_id and any(_asks_first(rule, event) for rule in rules)
    ]
    first = await firsts(db, asked)
    found = [
        of_event(rule, event, first=event.id in first, root=_root(event, root)) for event in wanted for rule in rules
    ]
    return [occasion for occasion in found if occasion is not None]


def _asks_first(rule: Rule, event: Event) -> bool:
    return isinstance(rule.trigger, EventTrigger) and rule.trigger.first and rule.trigger.event == event.name


def _root(event: Event, root: dict[UUID, UUID]) -> UUID | None:
    return root[event.customer_id] if event.customer_id else None


async def note_occasions(db: Connection, occasions: Sequence[Occasion], *, not_before: datetime | None = None) -> int:
    """Write down what is to be done, each occasion once; returns how many were new."""
    kept = [one for one in occasions if not_before is None or one.due_at >= not_before]
    if not kept:
        return 0
    rows = await db.fetch(
        """
        insert into rule_due (id, rule, subject, occasion, customer_id, about, happened_at, due_at)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[],
                             $7::timestamptz[], $8::timestamptz[])
            on conflict (rule, subject, occasion) do nothing returning id
        """,
        [uuid7() for _one in kept],
        [one.rule for one in kept],
        [one.subject for one in kept],
        [one.key for one in kept],
        [one.customer_id for one in kept],
        [one.about for one in kept],
        [one.happened_at for one in kept],
        [one.due_at for one in kept],
    )
    return len(rows)
