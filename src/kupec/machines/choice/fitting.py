"""Learning what buyers weigh: by a job, in a process of its own, once there are new choices; the figures are stored."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor, system
from kupec.kit.apart import apart
from kupec.kit.db import Connection, Database
from kupec.kit.due import Due
from kupec.kit.errors import KupecError, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.kit.jobs import Job, JobContext, enqueue
from kupec.machines.choice.events import ChoicesFitted
from kupec.machines.choice.models import BuyerModel, ChoiceSeen, Fit
from kupec.machines.choice.pricing import features
from kupec.machines.choice.seen import choices_seen

FIT: Final = "choice.fit"
LEARN: Final = "settings.write"
"""Who may have it learnt now."""
_FITTER: Final = "kupec.machines.choice.fitter"
_ENOUGH: Final = 5
_PAUSE: Final = timedelta(hours=1)


class FittingFailed(KupecError):
    """What buyers weigh could not be learnt: {reason}. What was known before stays."""

    code = "choice_fitting_failed"


class _Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """What the process that fits answers; see `fitter.py`."""

    buyers: dict[str, BuyerModel]
    followers: float


async def fit_buyers(database: Database, *, now: datetime) -> Fit | None:
    """Learn anew from all choices; None where there are too few, or no others than the last time.

    Raises FittingFailed. Emits choice.fitted.
    """
    async with database.reading() as db:
        seen = await choices_seen(db)
        order = order_of(seen)
        fingerprint = hashlib.sha256(order).digest()
        known = await db.fetchval("select fingerprint from choice_fit order by fitted_at desc, id desc limit 1")
    if len(seen) < _ENOUGH or known == fingerprint:
        return None
    answer = msgspec.json.decode(await apart(_FITTER, order, failed=FittingFailed), type=_Fitted)
    async with database.transaction() as db:
        return await keep_fit(db, answer.buyers, answer.followers, len(seen), fingerprint, now=now)


def order_of(seen: Sequence[ChoiceSeen]) -> bytes:
    """What the process that fits is told."""
    choices = [(str(one.machine_id), [features(offer) for offer in one.offers], one.chosen) for one in seen]
    return msgspec.json.encode({"choices": choices})


async def keep_fit(
    db: Connection,
    buyers: dict[str, BuyerModel],
    followers: float,
    choices: int,
    fingerprint: bytes,
    *,
    now: datetime,
) -> Fit:
    """Store what was learnt in the place of what was known before. Emits choice.fitted."""
    fit = Fit(id=uuid7(), fitted_at=now, choices=choices, buyers=len(buyers), followers=followers)
    await db.execute(
        "insert into choice_fit (id, fitted_at, choices, buyers, fingerprint, numbers) values ($1, $2, $3, $4, $5, $6)",
        fit.id,
        now,
        choices,
        len(buyers),
        fingerprint,
        {"followers": followers},
    )
    ordered = sorted(buyers.items())
    await db.execute(
        """
        insert into choice_buyer (machine_id, fit_id, choices, numbers)
        select machine_id, $1, choices, numbers
        from unnest($2::uuid[], $3::int[], $4::jsonb[]) as b (machine_id, choices, numbers)
        on conflict (machine_id) do update
        set fit_id = excluded.fit_id, choices = excluded.choices, numbers = excluded.numbers
        """,
        fit.id,
        [UUID(buyer) for buyer, _ in ordered],
        [model.choices for _, model in ordered],
        [msgspec.to_builtins(model) for _, model in ordered],
    )
    told = ChoicesFitted(choices=choices, buyers=len(buyers))
    await emit(db, [Happened(payload=told, subject="choice", occurred_at=now)], actor=system("choice"))
    return fit


def fit_job() -> Job:
    """The job behind `fit_when_due` and the button."""

    async def handle(context: JobContext, _payload: dict[str, Any]) -> None:
        await fit_buyers(context.database, now=context.clock.now())

    return Job(name=FIT, handle=handle, timeout=600.0, max_attempts=3)


def fit_due() -> Due:
    """New choices are learnt from by themselves, at most once an hour."""
    return Due(name="choices to learn from", verb=fit_when_due, every=60)


async def fit_when_due(db: Connection, now: datetime, _limit: int) -> int:
    """Order a fitting if there are choices that the last one has not seen, and none waits."""
    wanted = await db.fetchval(
        """
        select exists (
            select from rfq where state = 'awarded' and decided_at > coalesce(f.fitted_at, '-infinity')
            union all
            select from observed_choice where seen_at > coalesce(f.fitted_at, '-infinity')
        ) and coalesce(f.fitted_at, '-infinity') <= $1
        and not exists (select from job where name = $2 and state = 'waiting')
        from (select max(fitted_at) as fitted_at from choice_fit) as f
        """,
        now - _PAUSE,
        FIT,
    )
    if wanted:
        await enqueue(db, [(FIT, {})])
    return 0


async def order_fit(db: Connection, *, actor: Actor) -> None:
    """Have it learnt now. Raises Forbidden."""
    actor.require(LEARN)
    if not await is_fitting(db):
        await enqueue(db, [(FIT, {})])


async def is_fitting(db: Connection) -> bool:
    """Whether it is being learnt, or is about to be."""
    found: bool = await db.fetchval("select exists (select from job where name = $1 and state = 'waiting')", FIT)
    return found


async def last_fit(db: Connection) -> Fit | None:
    """The last time it was learnt."""
    row = await db.fetchrow(
        "select id, fitted_at, choices, buyers, (numbers ->> 'followers')::float8 as followers "
        "from choice_fit order by fitted_at desc, id desc limit 1"
    )
    return Fit(**dict(row)) if row is not None else None


async def buyer_models(db: Connection) -> list[tuple[UUID, str, BuyerModel]]:
    """All buyers of whom something is learnt: the machine, its name, and what; those with most choices first."""
    rows = await db.fetch(
        "select b.machine_id, m.name, b.numbers from choice_buyer b join machine m on m.id = b.machine_id "
        "order by b.choices desc, m.name, b.machine_id limit 200"
    )
    return [(row["machine_id"], row["name"], msgspec.convert(row["numbers"], BuyerModel)) for row in rows]


async def buyer_model(db: Connection, machine_id: UUID) -> tuple[str, BuyerModel]:
    """What is learnt of one buyer, and its name. Raises NotFound."""
    row = await db.fetchrow(
        "select m.name, b.numbers from choice_buyer b join machine m on m.id = b.machine_id where b.machine_id = $1",
        machine_id,
    )
    if row is None:
        raise NotFound(what="buyer")
    return row["name"], msgspec.convert(row["numbers"], BuyerModel)
