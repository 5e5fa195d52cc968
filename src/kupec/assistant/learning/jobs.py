"""What happens away from any request: training, judging, gathering."""

from typing import Any

from kupec.assistant.learning.orders import CANDIDATE, GATHER, TRAIN
from kupec.assistant.learning.proposing import propose
from kupec.assistant.learning.training import train_bot, train_candidate
from kupec.kit.actor import system
from kupec.kit.jobs import Cron, Job, JobContext

_TIMEOUT = 600.0


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


def gathering() -> Cron:
    """Every night the day's questions are gathered."""

    async def handle(context: JobContext, _payload: dict[str, Any]) -> None:
        await propose(context.database, now=context.clock.now())

    return Cron(name="gather questions", expression="10 2 * * *", handle=handle)
