"""Who gets which version, who has met it, and what came of it: all for a batch at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.experiments.dividing import arm_at, point
from kupec.experiments.models import METRICS, Experiment, Observation
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """A unit meets an arm. `chance` is the share of the arms under trial by which that came."""

    experiment_id: UUID
    unit: str
    arm: str
    channel: str
    chance: float


async def arms_of(db: Connection, experiment: Experiment, units: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The arm of each unit (unit, channel), by unit; nothing is written.

    Who has met an arm under trial stays in it, however small the share has become, as long as it is not 0.
    """
    known = await db.fetch(
        "select unit, arm from exposure where experiment_id = $1 and unit = any($2::text[]) and arm <> $3",
        *(experiment.id, [unit for unit, _channel in units], experiment.live.name),
    )
    return divided(experiment, units, {row["unit"]: row["arm"] for row in known})


def divided(experiment: Experiment, units: Sequence[tuple[str, str]], met: Mapping[str, str]) -> dict[str, str]:
    """The arm of each unit (unit, channel); `met` are those who have met an arm under trial. Pure."""
    found = {}
    for unit, channel in units:
        share = experiment.share_on(channel)
        if share <= 0:
            found[unit] = experiment.live.name
        else:
            found[unit] = met.get(unit) or arm_at(point(experiment.salt, unit), experiment.arms, share)
    return found


async def assign(
    db: Connection, experiment: Experiment, units: Sequence[tuple[str, str]], *, now: datetime
) -> dict[str, str]:
    """The arm of each unit (unit, channel), which it has met from now on: written once, the first one stands."""
    arms = await arms_of(db, experiment, units)
    await expose(db, [exposure_of(experiment, unit, channel, arms[unit]) for unit, channel in units], now=now)
    return arms


def exposure_of(experiment: Experiment, unit: str, channel: str, arm: str) -> Exposure:
    chance = experiment.share_on(channel)
    return Exposure(experiment_id=experiment.id, unit=unit, arm=arm, channel=channel, chance=chance)


async def expose(db: Connection, exposures: Sequence[Exposure], *, now: datetime) -> dict[tuple[UUID, str], str]:
    """Write down who has met what, once for each unit of an experiment; returns the arm that stands written.

    Where nothing is tried (a share of 0), nothing is written and the unit is left out.
    """
    wanted = {(one.experiment_id, one.unit): one for one in exposures if one.chance > 0}
    # In one order, so that two writers never wait for each other crosswise.
    rows = [wanted[key] for key in sorted(wanted)]
    if not rows:
        return {}
    ids, units = [one.experiment_id for one in rows], [one.unit for one in rows]
    await db.execute(
        """
        insert into exposure (experiment_id, unit, arm, channel, chance, exposed_at)
        select *, $6 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::float8[])
        on conflict (experiment_id, unit) do nothing
        """,
        *(ids, units, [one.arm for one in rows], [one.channel for one in rows], [one.chance for one in rows], now),
    )
    stands = await db.fetch(
        "select experiment_id, unit, arm from exposure "
        "where (experiment_id, unit) in (select * from unnest($1::uuid[], $2::text[]))",
        *(ids, units),
    )
    return {(row["experiment_id"], row["unit"]): row["arm"] for row in stands}


async def observe(db: Connection, observations: Sequence[Observation], *, now: datetime) -> int:
    """Keep what came of exposures, the first value of each metric; returns how many were new.

    What was seen of a unit that met nothing, or in a roll-out that is over, is left out. Raises InvalidValue for a
    metric that nobody knows or a value beyond it.
    """
    for one in observations:
        metric = METRICS.get(one.metric)
        if metric is None or not metric.low <= one.value <= metric.high:
            raise InvalidValue(field=one.metric, expected=_("a value of a known metric"))
    first = {(one.experiment_id, one.unit, one.metric): one for one in reversed(observations)}
    rows = [first[key] for key in sorted(first)]
    if not rows:
        return 0
    done: str = await db.execute(
        """
        insert into observation (experiment_id, unit, metric, value, observed_at)
        select item.*, $5 from unnest($1::uuid[], $2::text[], $3::text[], $4::float8[])
                            as item (experiment_id, unit, metric, value)
          join exposure using (experiment_id, unit)
          join experiment on experiment.id = item.experiment_id and experiment.state = 'running'
        on conflict (experiment_id, unit, metric) do nothing
        """,
        *([one.experiment_id for one in rows], [one.unit for one in rows], [one.metric for one in rows]),
        *([one.value for one in rows], now),
    )
    return int(done.rpartition(" ")[2])
