"""What people order by a button, and whether it is under way: training a candidate, gathering the questions."""

from kupec.assistant.learning.orders import CANDIDATE, GATHER, TRAIN
from kupec.assistant.learning.rules import TEACH
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.jobs import enqueue


async def once(db: Connection, job: str) -> None:
    """Have a job of this name begin after this transaction: one that waits already will do.

    Its row stays locked until the commit, so that it cannot begin before and miss what is written here.
    """
    waits = await db.fetchval(
        "select id from job where name = $1 and state = 'waiting' and lease is null and attempts = 0 "
        "order by id limit 1 for update skip locked",
        job,
    )
    if waits is None:
        await enqueue(db, [(job, {})])


async def order_candidate(db: Connection, *, actor: Actor) -> None:
    """Have a candidate trained from everything that is known now, as after an approval. Raises Forbidden."""
    actor.require(TEACH)
    await once(db, CANDIDATE)


async def order_gathering(db: Connection, *, actor: Actor) -> None:
    """Have the open questions gathered into suggestions now, as every night. Raises Forbidden."""
    actor.require(TEACH)
    await once(db, GATHER)


async def is_training(db: Connection) -> bool:
    """Whether a model is being trained, or is about to be."""
    found: bool = await db.fetchval(
        "select exists (select from job where name = any($1::text[]) and state = 'waiting')", [TRAIN, CANDIDATE]
    )
    return found


async def is_gathering(db: Connection) -> bool:
    """Whether questions are being gathered, or are about to be."""
    found: bool = await db.fetchval("select exists (select from job where name = $1 and state = 'waiting')", GATHER)
    return found
