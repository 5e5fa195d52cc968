"""A roll-out from its start to its end: begun, given more or less of the traffic, stopped, finished."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.experiments.errors import AlreadyOnTrial, TrialOver
from kupec.experiments.events import ExperimentFinished, ExperimentStarted, ExperimentStopped, ShareChanged
from kupec.experiments.models import LIVE, Arm, Experiment, Guardrail, NewExperiment
from kupec.experiments.policy import EXPERIMENTS, check_guardrail
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.versions import published

PERMISSION = "flows.write"
COLUMNS = (
    "id, code, subject, note, arms, shares, channels, guardrails, salt, state, reason, winner, author, started_at, "
    "ended_at, guarded_at"
)


def experiment_of(row: Any) -> Experiment:
    values = dict(row)
    values["arms"] = msgspec.convert(values["arms"], tuple[Arm, ...])
    values["guardrails"] = msgspec.convert(values["guardrails"], tuple[Guardrail, ...])
    values["channels"] = tuple(values["channels"])
    return Experiment(**values)


async def start_experiment(db: Connection, new: NewExperiment, *, actor: Actor, now: datetime) -> Experiment:
    """Begin to give the other arms to a share of those who come. Needs "flows.write". Emits experiment.started.

    Raises InvalidValue naming the field, AlreadyOnTrial where something runs on the same subject.
    """
    actor.require(PERMISSION)
    rules = (await published(db, EXPERIMENTS))[EXPERIMENTS]
    guardrails = rules.guardrails if new.guardrails is None else new.guardrails
    _check(new, guardrails)
    await db.execute("select pg_advisory_xact_lock(hashtextextended('experiments', 0))")
    running = await db.fetchval("select code from experiment where subject = $1 and state = 'running'", new.subject)
    if running is not None:
        raise AlreadyOnTrial(field="subject", code=running)
    channels = tuple(dict.fromkeys(new.channels))
    row = await db.fetchrow(
        f"""
        insert into experiment (id, code, subject, note, arms, shares, channels, guardrails, salt, author, started_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning {COLUMNS}
        """,  # noqa: S608
        *((id_ := uuid7()), await _code(db, new.subject), new.subject, new.note.strip()[:200]),
        *(msgspec.to_builtins(new.arms), {"": new.share}, list(channels), msgspec.to_builtins(guardrails)),
        *(id_.hex, str(actor), now),
    )
    made = experiment_of(row)
    versions = {arm.name: arm.version for arm in made.arms}
    await _tell(db, made, ExperimentStarted(of=made.subject, versions=versions, share=new.share), actor, now)
    return made


def _check(new: NewExperiment, guardrails: tuple[Guardrail, ...]) -> None:
    if not new.subject.strip() or len(new.subject) > 120:
        raise InvalidValue(field="subject", expected=_("what is to be tried"))
    names = [arm.name for arm in new.arms]
    if len(names) < 2 or names[0] != LIVE or len(set(names)) < len(names):
        raise InvalidValue(field="arms", expected=_("the live version and at least one other, each under its own name"))
    for place, arm in enumerate(new.arms):
        if not re.fullmatch("[a-z][a-z0-9_]{0,39}", arm.name) or not arm.version:
            raise InvalidValue(field=f"arms[{place}]", expected=_("a name in small letters, and a version"))
    _check_share(new.share)
    for place, one in enumerate(guardrails):
        check_guardrail(one, f"guardrails[{place}]")


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise InvalidValue(field="share", expected=_("a share from 0 to 1"))


async def _code(db: Connection, subject: str) -> str:
    """What people call it: "model-3"."""
    stem = re.sub("[^a-z0-9]+", "-", subject.lower()).strip("-")[:60]
    before: int = await db.fetchval("select count(*) from experiment where subject = $1", subject)
    taken = await db.fetchval("select count(*) from experiment where code = $1", f"{stem}-{before + 1}")
    return f"{stem}-{before + 1}" if not taken else f"{stem}-{uuid7().hex[-8:]}"


async def set_share(
    db: Connection, experiment_id: UUID, share: float, *, channel: str | None = None, actor: Actor, now: datetime
) -> Experiment:
    """Give the arms under trial this much, 0 to 1, on one channel or (None) on all that take part.

    Nobody who is in one leaves it by a greater share; who has met one stays in it, unless the share is 0.
    Needs "flows.write". Raises NotFound, TrialOver, InvalidValue. Emits experiment.share_changed.
    """
    actor.require(PERMISSION)
    _check_share(share)
    found = await _lock_running(db, experiment_id)
    if channel is not None and not found.takes_part(channel):
        raise InvalidValue(field="channel", expected=_("a channel that takes part"))
    before = found.share_on(channel) if channel is not None else found.shares.get("", 0.0)
    shares = {"": share} if channel is None else {**found.shares, channel: share}
    if shares == found.shares:
        return found
    row = await db.fetchrow(
        f"update experiment set shares = $2 where id = $1 returning {COLUMNS}",  # noqa: S608
        *(experiment_id, shares),
    )
    payload = ShareChanged(of=found.subject, channel=channel or "", before=before, share=share)
    await _tell(db, found, payload, actor, now)
    return experiment_of(row)


async def stop_experiment(
    db: Connection, experiment_id: UUID, *, reason: str = "person", actor: Actor, now: datetime
) -> Experiment:
    """Everybody has the live arm again, at once. Needs "flows.write". Emits experiment.stopped.

    Raises NotFound, TrialOver.
    """
    actor.require(PERMISSION)
    found = await _lock_running(db, experiment_id)
    return await end(db, found, ExperimentStopped(of=found.subject, reason=reason[:200]), actor=actor, now=now)


async def finish_experiment(
    db: Connection, experiment_id: UUID, *, winner: str, actor: Actor, now: datetime
) -> Experiment:
    """It is decided: `winner` is an arm's name. What that means for the version, is done by who offers the subject.

    Needs "flows.write". Raises NotFound, TrialOver, InvalidValue (winner). Emits experiment.finished.
    """
    actor.require(PERMISSION)
    found = await _lock_running(db, experiment_id)
    if winner not in {arm.name for arm in found.arms}:
        raise InvalidValue(field="winner", expected=_("one of the versions"))
    payload = ExperimentFinished(of=found.subject, winner=winner, version=found.arm(winner).version)
    return await end(db, found, payload, actor=actor, now=now)


async def end(
    db: Connection,
    found: Experiment,
    payload: ExperimentStopped | ExperimentFinished,
    *,
    actor: Actor,
    now: datetime,
) -> Experiment:
    """Write that a roll-out is over, and how. Its row is locked by who calls."""
    is_finished = isinstance(payload, ExperimentFinished)
    reason, winner = ("", payload.winner) if isinstance(payload, ExperimentFinished) else (payload.reason, "")
    row = await db.fetchrow(
        f"update experiment set state = $2, reason = $3, winner = $4, ended_at = $5 where id = $1 returning {COLUMNS}",  # noqa: S608
        *(found.id, "finished" if is_finished else "stopped", reason, winner, now),
    )
    await _tell(db, found, payload, actor, now)
    return experiment_of(row)


async def _lock_running(db: Connection, experiment_id: UUID) -> Experiment:
    row = await db.fetchrow(
        f"select {COLUMNS} from experiment where id = $1 for no key update",  # noqa: S608
        experiment_id,
    )
    if row is None:
        raise NotFound(what="roll-out")
    if row["state"] != "running":
        raise TrialOver
    return experiment_of(row)


async def _tell(db: Connection, one: Experiment, payload: Payload, actor: Actor, now: datetime) -> None:
    await emit(db, [Happened(payload=payload, subject=f"experiment:{one.id}", occurred_at=now)], actor=actor)


async def running(db: Connection, subject: str | None = None) -> list[Experiment]:
    """What is being tried now, by subject."""
    rows = await db.fetch(
        f"select {COLUMNS} from experiment where state = 'running' and ($1::text is null or subject = $1) "  # noqa: S608
        "order by subject",
        subject,
    )
    return [experiment_of(row) for row in rows]


async def list_experiments(db: Connection, *, limit: int = 200) -> list[Experiment]:
    """All, what runs first, then the latest first."""
    rows = await db.fetch(
        f"select {COLUMNS} from experiment order by state = 'running' desc, started_at desc, id desc limit $1",  # noqa: S608
        limit,
    )
    return [experiment_of(row) for row in rows]


async def get_experiment(db: Connection, experiment_id: UUID) -> Experiment:
    """Raises NotFound."""
    row = await db.fetchrow(f"select {COLUMNS} from experiment where id = $1", experiment_id)  # noqa: S608
    if row is None:
        raise NotFound(what="roll-out")
    return experiment_of(row)
