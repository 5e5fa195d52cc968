"""Stored models: read, made live, gone back from, marked as broken."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kupec.assistant.learning.errors import NothingToRollBack
from kupec.assistant.learning.events import ModelBroken, ModelRolledBack
from kupec.assistant.learning.models import ModelAlert, ModelInfo
from kupec.assistant.learning.orders import TRAIN
from kupec.assistant.learning.rules import TEACH
from kupec.customers import open_task
from kupec.experiments import Experiment, running, stop_experiment
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.jobs import enqueue

SUBJECT: Final = "model"
"""What roll-outs call a model of the bot."""
_BOT: Final = system("bot")
_KEPT = 20
"""Retired models that can still be gone back to."""
_CANDIDATES = 5
_INFO: Final = (
    "id, state, trained_at, phrases, intents, threshold, seconds, origin, coalesce(length(data), 0) as size, live_at, "
    "retired_at, rolled_back_at, report ->> 'verdict' as verdict, trouble"
)


async def model_history(db: Connection, *, limit: int = 100) -> list[ModelInfo]:
    """The stored models, the latest first."""
    rows = await db.fetch(f"select {_INFO} from bot_model order by trained_at desc, id desc limit $1", limit)  # noqa: S608
    return await _infos(db, rows)


async def get_model(db: Connection, model_id: UUID) -> ModelInfo:
    """One stored model. Raises NotFound."""
    rows = await db.fetch(f"select {_INFO} from bot_model where id = $1", model_id)  # noqa: S608
    if not rows:
        raise NotFound(what="model")
    return (await _infos(db, rows))[0]


async def _infos(db: Connection, rows: list[Any]) -> list[ModelInfo]:
    trial = await trial_of(db)
    share = {trial.candidate.version: trial.shares.get("", 0.0)} if trial is not None else {}
    return [
        ModelInfo(**dict(row), share=1.0 if row["state"] == "live" else share.get(str(row["id"]), 0.0)) for row in rows
    ]


async def trial_of(db: Connection) -> Experiment | None:
    """The roll-out of a model that is under way."""
    found = await running(db, SUBJECT)
    return found[0] if found else None


async def one_at_a_time(db: Connection) -> None:
    """Who changes which model is live takes turns."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended('bot models', 0))")


async def go_live(db: Connection, model_id: UUID, *, now: datetime) -> None:
    """Let a candidate answer; what answered before is retired. What it has learnt from is in use."""
    before = await db.fetchval(
        "update bot_model set state = 'retired', retired_at = $1 where state = 'live' returning id", now
    )
    trained_at = await db.fetchval(
        "update bot_model set state = 'live', live_at = $2, follows = coalesce($3, follows), on_trial = false "
        "where id = $1 returning trained_at",
        *(model_id, now, before),
    )
    await db.execute("update learnt_phrase set in_use = true where not in_use and created_at <= $1", trained_at)
    await _forget_old(db)


async def _forget_old(db: Connection) -> None:
    """Older models keep their figures, not themselves; candidates that nobody wanted go."""
    await db.execute(
        """
        update bot_model set data = null, languages = null, training = null where data is not null and id in (
            select id from bot_model where state = 'retired' order by retired_at desc nulls last, id desc offset $1)
        """,
        _KEPT,
    )
    await db.execute(
        """
        delete from bot_model where id in (select id from bot_model where state = 'candidate' and not on_trial
                                            order by trained_at desc, id desc offset $1)
        """,
        _CANDIDATES,
    )


async def roll_back_model(db: Connection, *, actor: Actor, now: datetime) -> ModelInfo:
    """Back by one step: a model that is tried on a part of the traffic is taken from it; else the model before the
    live one answers again. Returns what answers now. Emits model.rolled_back (and experiment.stopped).

    Raises Forbidden, NothingToRollBack.
    """
    actor.require(TEACH)
    await one_at_a_time(db)
    live = await db.fetchrow("select id, follows from bot_model where state = 'live'")
    trial = await trial_of(db)
    if trial is not None and live is not None:
        await stop_experiment(db, trial.id, reason="rolled back", actor=actor, now=now)
        left = UUID(trial.candidate.version)
        await db.execute("update bot_model set on_trial = false, rolled_back_at = $2 where id = $1", left, now)
        await tell(db, live["id"], ModelRolledBack(left=left), actor, now)
        return await get_model(db, live["id"])
    back = await _before(db, live["follows"] if live is not None else None)
    if back is None or live is None:
        raise NothingToRollBack
    await db.execute(
        "update bot_model set state = 'retired', retired_at = $2, rolled_back_at = $2 where id = $1", live["id"], now
    )
    trained_at = await db.fetchval(
        "update bot_model set state = 'live', live_at = $2, retired_at = null, rolled_back_at = null where id = $1 "
        "returning trained_at",
        *(back, now),
    )
    await db.execute("update learnt_phrase set in_use = false where in_use and created_at > $1", trained_at)
    await tell(db, back, ModelRolledBack(left=live["id"]), actor, now)
    return await get_model(db, back)


async def _before(db: Connection, follows: UUID | None) -> UUID | None:
    """The nearest model before that is still there."""
    found: UUID | None = await db.fetchval(
        """
        with recursive chain as (
            select id, follows, state, data is not null as whole, 1 as step from bot_model where id = $1
            union all
            select m.id, m.follows, m.state, m.data is not null, chain.step + 1
              from chain join bot_model m on m.id = chain.follows where chain.step < 100
        )
        select id from chain where state = 'retired' and whole order by step limit 1
        """,
        follows,
    )
    return found


async def mark_broken(db: Connection, model_id: UUID, reason: str, *, now: datetime) -> UUID | None:
    """A model that cannot be read answers no more: the last good one before it does, people are told by a task.

    Returns what is live now; with nothing left, a training is ordered. Emits model.broken, task.opened.
    """
    await one_at_a_time(db)
    row = await db.fetchrow("select state, follows from bot_model where id = $1 for no key update", model_id)
    live: UUID | None = await db.fetchval("select id from bot_model where state = 'live'")
    if row is None or row["state"] == "broken":
        return live
    await db.execute(
        "update bot_model set state = 'broken', trouble = $2, retired_at = $3, on_trial = false where id = $1",
        *(model_id, reason[:500], now),
    )
    instead = live
    if row["state"] == "live":
        instead = await _before(db, row["follows"]) or await db.fetchval(
            "select id from bot_model where state = 'retired' and data is not null "
            "order by retired_at desc nulls last, id desc limit 1"
        )
        if instead is None:
            await enqueue(db, [(TRAIN, {})])
        else:
            await db.execute(
                "update bot_model set state = 'live', live_at = $2, retired_at = null where id = $1", instead, now
            )
    trial = await trial_of(db)
    if trial is not None and str(model_id) in {arm.version for arm in trial.arms}:
        await stop_experiment(db, trial.id, reason="broken", actor=_BOT, now=now)
    await tell(db, model_id, ModelBroken(instead=instead), _BOT, now)
    await open_task(
        db,
        key=f"model:{model_id}",
        title=_("The bot's model cannot be read; an earlier one answers"),
        details={},
        subject=f"model:{model_id}",
        customer_id=None,
        due_at=now,
        actor=_BOT,
        now=now,
    )
    return instead


async def model_alert(db: Connection) -> ModelAlert | None:
    """The model that could not be read, until another one is published."""
    row = await db.fetchrow(
        """
        select b.id, b.retired_at, b.trouble, l.id as instead from bot_model b
          left join bot_model l on l.state = 'live'
         where b.state = 'broken' and (l.id is null or l.live_at <= b.retired_at)
         order by b.retired_at desc limit 1
        """
    )
    if row is None:
        return None
    return ModelAlert(model_id=row["id"], at=row["retired_at"], reason=row["trouble"], instead=row["instead"])


async def tell(db: Connection, model_id: UUID, payload: Payload, actor: Actor, now: datetime) -> None:
    await emit(db, [Happened(payload=payload, subject=f"model:{model_id}", occurred_at=now)], actor=actor)
