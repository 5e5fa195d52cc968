"""Training the bot: whenever a flow or an article is published, from all phrases that stand in what is published.

The training is a job (seconds of CPU, away from any request); its model is stored and every process loads what is live.
"""

import asyncio
import hashlib
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.assistant.flows import load_flows, phrases
from kupec.assistant.settings import BOT
from kupec.assistant.understanding import IntentModel
from kupec.kit.db import Connection, Database
from kupec.kit.events import Event
from kupec.kit.ids import uuid7
from kupec.kit.jobs import Job, JobContext, enqueue
from kupec.kit.subscribers import Subscriber
from kupec.kit.versions import published
from kupec.knowledge import training_phrases

TRAIN: Final = "train the bot"
_TRAINER: Final = "kupec.assistant.understanding.training"
_KEPT = 20
"""Models kept behind the live one."""
_CHANGES = (
    "article.published",
    "article.retired",
    "phrasing.added",
    "flow.published",
    "flow.withdrawn",
    "document.published",
)

Spoken = tuple[str, str, str]
"""A text, its language, the intent it means."""


class TrainedModel(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a stored model."""

    id: UUID
    trained_at: datetime
    phrases: int
    intents: int
    threshold: float
    seconds: float
    is_live: bool


async def spoken_phrases(db: Connection) -> list[Spoken]:
    """Everything published that says how people ask: flows under their code, articles under "article:<code>".

    An article that a flow stands for (`BotSettings.does`) teaches that flow.
    """
    of_flows = phrases(await load_flows(db))
    of_articles = await training_phrases(db)
    does = (await published(db, BOT))[BOT].does
    told = ((text, language, does.get(code) or f"article:{code}") for text, language, code in of_articles)
    return [*of_flows, *told]


async def trained_models(db: Connection) -> list[TrainedModel]:
    """The stored models, the latest first."""
    rows = await db.fetch(
        "select id, trained_at, phrases, intents, threshold, seconds, is_live from bot_model order by id desc"
    )
    return [TrainedModel(**dict(row)) for row in rows]


async def train_bot(database: Database, *, now: datetime) -> bool:
    """Train anew if any phrase has changed since, and make the model live; False when nothing has changed."""
    async with database.reading() as db:
        spoken = await spoken_phrases(db)
        known = await db.fetchval("select fingerprint from bot_model where is_live")
    fingerprint = _fingerprint(spoken)
    if fingerprint == known:
        return False
    begun = time.perf_counter()
    model = await _trained(spoken)
    seconds = time.perf_counter() - begun
    async with database.transaction() as db:
        await _keep(db, model, fingerprint, len(spoken), seconds, now)
    return True


async def _keep(
    db: Connection, model: IntentModel, fingerprint: str, phrases: int, seconds: float, now: datetime
) -> None:
    await db.execute("update bot_model set state = 'retired', retired_at = $1 where state = 'live'", now)
    await db.execute(
        "insert into bot_model (id, trained_at, fingerprint, phrases, intents, threshold, seconds, data, state, live_at) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8, 'live', $2)",
        *(uuid7(), now, fingerprint, phrases, len(model.classes), model.threshold, seconds, model.dump()),
    )
    await db.execute(
        "delete from bot_model where id in (select id from bot_model where not is_live order by id desc offset $1)",
        _KEPT,
    )


async def _trained(spoken: Sequence[Spoken]) -> IntentModel:
    """In a process of its own, whose libraries and seconds of CPU burden nobody else.

    Flows must be meant for sure; what an article answers, knowledge finds by more than its phrases.
    """
    order = {
        "phrases": [(text, intent) for text, _, intent in spoken],
        "begins": sorted({intent for _, _, intent in spoken if not intent.startswith("article:")}),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", _TRAINER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        data, _ = await process.communicate(msgspec.json.encode(order))
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise RuntimeError(f"the training ended with {process.returncode}")
    return IntentModel.load(data)


def _fingerprint(phrases: Sequence[Spoken]) -> str:
    return hashlib.sha256(msgspec.json.encode(sorted(phrases))).hexdigest()


def training_subscriber() -> Subscriber:
    """Orders a training when something that people may ask about has changed."""

    async def order(db: Connection, _events: Sequence[Event]) -> None:
        await enqueue(db, [(TRAIN, {})])

    return Subscriber(name="bot training", events=_CHANGES, handle=order, start="beginning", batch_size=500, rest=1.0)


def training_job() -> Job:
    """The job behind `training_subscriber`."""

    async def handle(context: JobContext, _payload: dict[str, Any]) -> None:
        await train_bot(context.database, now=context.clock.now())

    return Job(name=TRAIN, handle=handle)
