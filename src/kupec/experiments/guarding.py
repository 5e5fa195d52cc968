"""Guardrails: a roll-out stops by itself when a version under trial is surely worse than is allowed."""

from datetime import datetime
from typing import Final

from kupec.experiments.events import ExperimentStopped
from kupec.experiments.figures import count, guards_of
from kupec.experiments.models import Experiment, Guarded
from kupec.experiments.policy import EXPERIMENTS
from kupec.experiments.steering import COLUMNS, end, experiment_of
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.versions import published

GUARDED_EVERY: Final = 10.0
"""Seconds between two looks; how often one looks costs nothing in false alarms."""
_GUARD = system("guardrails")


async def check_guardrails(db: Connection, *, now: datetime) -> list[Experiment]:
    """Look at every running roll-out, and stop those of which a guardrail is broken; returns these.

    Emits experiment.stopped with the reason "guardrail:<metric>" and its figures. Who is locked by another is left to
    the next look.
    """
    rows = await db.fetch(
        f"select {COLUMNS} from experiment where state = 'running' order by id for no key update skip locked"  # noqa: S608
    )
    if not rows:
        return []
    alarms = (await published(db, EXPERIMENTS))[EXPERIMENTS].false_alarms
    stopped = []
    for experiment in map(experiment_of, rows):
        guards = guards_of(experiment, await count(db, experiment.id), alarms)
        broken = next((one for one in guards if one.state == "broken"), None)
        if broken is not None:
            stopped.append(await end(db, experiment, _why(experiment, broken), actor=_GUARD, now=now))
    await db.execute(
        "update experiment set guarded_at = $2 where id = any($1::uuid[])", [row["id"] for row in rows], now
    )
    return stopped


def _why(experiment: Experiment, broken: Guarded) -> ExperimentStopped:
    return ExperimentStopped(
        of=experiment.subject,
        reason=f"guardrail:{broken.guardrail.metric}",
        arm=broken.arm,
        live=broken.live,
        candidate=broken.candidate,
        live_n=broken.live_n,
        candidate_n=broken.candidate_n,
        worse_by=broken.worse_low,
    )


async def guard_due(db: Connection, now: datetime, _limit: int) -> int:
    """The sweep behind `check_guardrails`: it looks at all there is, once."""
    await check_guardrails(db, now=now)
    return 0
