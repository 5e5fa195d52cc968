"""What happens away from any request: training, judging, gathering."""

from datetime import datetime, timedelta
from typing import Any, Final

from kupec.assistant.learning.orders import CANDIDATE, GATHER, TRAIN
from kupec.assistant.learning.proposing import propose
from kupec.assistant.learning.rules import LEARNING
from kupec.assistant.learning.training import train_bot, train_candidate
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.due import Due
from kupec.kit.jobs import Job, JobContext, enqueue
from kupec.kit.versions import published

_TIMEOUT = 600.0
_PAUSE: Final = timedelta(hours=6)


def training_job() -> Job:
    """The job behind `training_subscriber`."""

    async def handle(context: JobContext, _payload: dict[str, Any]) -> None:
        await train_bot(context.database, now=context.clock.now())

    return Job(name=TRAIN, handle=handle, timeout=_TIMEOUT)


def learning_jobs() -> list[Job]:
    """The jobs that approvals and the button order."""

    async def candidate(context: JobContext, _payload: dict[str, Any]) -> None:
        await train_candidate(context.database, actor=system("learning"), now=context.clock.now())

    async def gather(context: JobContext, _payload: dict[str, Any]) -> None:
        await propose(context.database, now=context.clock.now())

    return [
        training_job(),
        Job(name=CANDIDATE, handle=candidate, timeout=_TIMEOUT),
        Job(name=GATHER, handle=gather, timeout=_TIMEOUT),
    ]


def gathering_due() -> Due:
    """Open questions are gathered by themselves: soon after the first, later not more often than every few hours."""
    return Due(name="questions to gather", verb=gather_when_due, every=30)


async def gather_when_due(db: Connection, now: datetime, _limit: int) -> int:
    """Order a gathering if there are enough questions that were in none yet; one at a time."""
    rules = (await published(db, LEARNING))[LEARNING]
    wanted = await db.fetchval(
        """
        select (select count(*) from (select from missed_question where looked_at is null and settled is null and alone
                 limit $1) as fresh) >= $1
           and not exists (select from missed_question where looked_at > $2)
           and not exists (select from job where name = $3 and state = 'waiting')
        """,
        *(rules.questions, now - _PAUSE, GATHER),
    )
    if wanted:
        await enqueue(db, [(GATHER, {})])
    return 0
