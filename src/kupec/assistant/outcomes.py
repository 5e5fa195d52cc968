"""What came of conversations that met something on trial, read from the log: handed over, rated, broken, settled."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.experiments import Observation, observe, running, stop_experiment
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.subscribers import Subscriber

_CONVERSATION = "conversation:"
_OUTCOMES = ("conversation.handed_over", "conversation.resolved", "survey.answered", "flow.ended")
_CHANGES = ("flow.published", "flow.withdrawn", "document.published", "article.published", "article.retired")
_BOT = system("bot")
_BROKE = "error"
_ARMS = """
select a.conversation_id, a.experiment_id, a.unit,
       exists (select from observation o where o.experiment_id = a.experiment_id and o.unit = a.unit
                  and o.metric = 'handover') as handed_over
  from conversation_arm a
 where a.counts and a.conversation_id = any($1::uuid[])
"""


def values_of(event: Event) -> list[tuple[str, float]]:
    """Which metrics an event says something about, and what."""
    match event.name:
        case "conversation.handed_over":
            broke = [("error", 1.0)] if event.payload.get("reason") == _BROKE else []
            return [("handover", 1.0), *broke]
        case "flow.ended" if event.payload.get("outcome") == "failed":
            return [("error", 1.0)]
        case "survey.answered" if event.payload.get("survey") == "csat":
            return [("csat", float(event.payload["score"]))]
        case "conversation.resolved":
            return [("resolved", 1.0)]
    return []


async def keep_outcomes(db: Connection, events: Sequence[Event]) -> None:
    """What people settle after a hand-over was not settled by the bot."""
    told: list[tuple[UUID, str, float, datetime]] = [
        (UUID(event.subject.removeprefix(_CONVERSATION)), metric, value, event.occurred_at)
        for event in events
        if event.subject.startswith(_CONVERSATION)
        for metric, value in values_of(event)
    ]
    if not told:
        return
    rows = await db.fetch(_ARMS, list({conversation_id for conversation_id, *_rest in told}))
    handed_over = {(row["experiment_id"], row["unit"]) for row in rows if row["handed_over"]}
    found: list[Observation] = []
    for conversation_id, metric, value, _at in told:
        for row in rows:
            whose = (row["experiment_id"], row["unit"])
            if row["conversation_id"] != conversation_id or (metric == "resolved" and whose in handed_over):
                continue
            if metric == "handover":
                handed_over.add(whose)
            found.append(Observation(experiment_id=whose[0], unit=whose[1], metric=metric, value=value))
    if found:
        await observe(db, found, now=max(at for *_rest, at in told))


def subject_of(event: Event) -> str | None:
    """What an event lets another version hold of, as experiments call it."""
    kind = event.name.partition(".")[0]
    if kind == "flow":
        return f"flow:{event.payload['flow']}"
    if kind == "article":
        return f"wording:{event.payload['code']}"
    return "bot" if event.payload.get("kind") == "bot" else None


async def stop_overtaken(db: Connection, events: Sequence[Event]) -> None:
    """Where another version holds since a roll-out began, there is nothing to compare with any more."""
    changed = {subject_of(event): event for event in events}
    for one in await running(db) if any(changed) else []:
        event = changed.get(one.subject)
        if event is not None and event.occurred_at > one.started_at:
            await stop_experiment(db, one.id, reason="overtaken", actor=_BOT, now=event.occurred_at)


async def _read(db: Connection, events: Sequence[Event]) -> None:
    await keep_outcomes(db, [event for event in events if event.name in _OUTCOMES])
    await stop_overtaken(db, [event for event in events if event.name in _CHANGES])


def outcome_subscriber() -> Subscriber:
    """Keeps what came of what is on trial, and stops what was overtaken."""
    return Subscriber(name="roll-outs", handle=_read, events=(*_OUTCOMES, *_CHANGES), start="now", rest=0.5)
