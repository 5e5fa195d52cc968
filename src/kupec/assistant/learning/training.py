"""Training: by itself when what people may ask for has changed, and candidates when people have taught something.

It runs in a process of its own, for seconds. A model is kept with all that it was made of, and judged beside the one
that answers now; what the gate (`publishing.py`, `judging.py`) does not let through stays a candidate.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.assistant.flows import FlowSet, load_flows, phrases
from kupec.assistant.learning.errors import TrainingFailed
from kupec.assistant.learning.events import ModelPublished, ModelRefused, ModelTrained
from kupec.assistant.learning.judging import Case, Compared, Judgement, compare, found, judge
from kupec.assistant.learning.material import Material, gather_material
from kupec.assistant.learning.models import ExampleOutcome, ModelInfo
from kupec.assistant.learning.models_kept import get_model, go_live, one_at_a_time, tell, trial_of
from kupec.assistant.learning.ordering import once
from kupec.assistant.learning.orders import CANDIDATE, TRAIN
from kupec.assistant.learning.rules import LEARNING, TEACH, LearningRules
from kupec.assistant.understanding import IntentModel, UnreadableModel
from kupec.customers import open_task
from kupec.kit.actor import Actor, system
from kupec.kit.apart import apart
from kupec.kit.db import Connection, Database
from kupec.kit.encoder import encoder_at_hand
from kupec.kit.errors import NotFound
from kupec.kit.events import Event
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.jobs import enqueue
from kupec.kit.subscribers import Subscriber
from kupec.kit.text import fold
from kupec.kit.versions import published

_TRAINER: Final = "kupec.assistant.learning.trainer"
_BOT: Final = system("bot")
_CHANGES = (
    "article.published",
    "article.retired",
    "article.learnt",
    "flow.published",
    "flow.withdrawn",
    "document.published",
    "experiment.stopped",
    "experiment.finished",
)


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What the process that trains answers; see `trainer.py`."""

    intents: bytes
    languages: bytes


class _Made(msgspec.Struct, frozen=True, kw_only=True):
    """A model fresh from its training, and how it compares."""

    model: IntentModel
    data: bytes
    languages: bytes
    material: Material
    seconds: float
    live_id: UUID | None
    compared: list[Compared]
    examples: list[ExampleOutcome]
    judgement: Judgement
    rules: LearningRules


async def train_bot(database: Database, *, now: datetime) -> bool:
    """Train anew if any published phrase has changed since; False when nothing has, or while a model is on trial.

    The model goes live at once where there is none, or where too few cases are labelled to compare with; else only if
    it is no worse: otherwise it stays a candidate and people are told by a task. Emits model.trained, and
    model.published or model.refused.
    """
    async with database.reading() as db:
        if await trial_of(db) is not None:
            return False
        material = await gather_material(db, in_use=True)
        known = await db.fetchval(
            "select true from bot_model where fingerprint = $1 and ((state = 'live' and languages is not null) "
            "or rolled_back_at is not null or (state = 'candidate' and origin = 'training')) limit 1",
            material.fingerprint,
        )
    if known:
        return False
    made = await _make(database, material)
    async with database.transaction() as db:
        await one_at_a_time(db)
        model_id = await _keep(db, made, origin="training", actor=_BOT, now=now)
        judged = made.judgement
        live: UUID | None = await db.fetchval("select id from bot_model where state = 'live'")
        if live is None or judged.cases < made.rules.cases or judged.verdict == "no worse":
            await go_live(db, model_id, now=now)
            await tell(db, model_id, ModelPublished(share=1.0), _BOT, now)
            await _compare_anew(db)
        else:
            await tell(db, model_id, ModelRefused(verdict=judged.verdict, why=judged.why), _BOT, now)
            await _call_people(db, model_id, now)
    return True


async def _compare_anew(db: Connection) -> None:
    """What people have taught and nobody has published yet was compared with the model that has just gone."""
    if await db.fetchval("select exists (select from bot_model where state = 'candidate' and rolled_back_at is null)"):
        await once(db, CANDIDATE)


async def train_candidate(database: Database, *, actor: Actor, now: datetime, origin: str = "approval") -> ModelInfo:
    """Train from all that is published and all that people have approved, and compare with the live model.

    It stays a candidate until somebody publishes it (`publish_model`); the first of all models goes live at once. The
    same material makes the same model: it is only judged anew. Raises Forbidden, TrainingFailed. Emits model.trained.
    """
    actor.require(TEACH)
    async with database.reading() as db:
        material = await gather_material(db, in_use=False)
    made = await _make(database, material)
    async with database.transaction() as db:
        await one_at_a_time(db)
        await db.execute(
            "delete from bot_model where state = 'candidate' and not on_trial and fingerprint = $1",
            material.fingerprint,
        )
        model_id = await _keep(db, made, origin=origin, actor=actor, now=now)
        if not await db.fetchval("select exists (select from bot_model where state = 'live')"):
            await go_live(db, model_id, now=now)
            await tell(db, model_id, ModelPublished(share=1.0), actor, now)
        return await get_model(db, model_id)


async def judge_again(database: Database, model_id: UUID, *, actor: Actor, now: datetime) -> ModelInfo:
    """Compare a candidate with the model that is live by now, on the cases there are by now.

    Raises Forbidden, NotFound.
    """
    actor.require(TEACH)
    async with database.reading() as db:
        row = await db.fetchrow(
            "select data, languages, training, seconds from bot_model where id = $1 and state = 'candidate'", model_id
        )
    if row is None or row["data"] is None:
        raise NotFound(what="model")
    material = msgspec.convert(row["training"] or {"phrases": [], "begins": []}, Material)
    stored = _Stored(intents=row["data"], languages=row["languages"] or b"")
    made = await _judged(database, stored, material, row["seconds"])
    async with database.transaction() as db:
        await db.execute("update bot_model set report = $2 where id = $1", model_id, _report(made, now))
        return await get_model(db, model_id)


async def reproduce_model(database: Database, model_id: UUID) -> bool:
    """Whether the stored material makes the stored model again, byte for byte. Raises NotFound, TrainingFailed."""
    async with database.reading() as db:
        row = await db.fetchrow("select data, languages, training from bot_model where id = $1", model_id)
    if row is None or row["data"] is None or row["training"] is None:
        raise NotFound(what="model")
    made = await _trained(msgspec.convert(row["training"], Material))
    return (made.intents, made.languages) == (row["data"], row["languages"])


async def _make(database: Database, material: Material) -> _Made:
    begun = time.perf_counter()
    stored = await _trained(material)
    return await _judged(database, stored, material, time.perf_counter() - begun)


async def _trained(material: Material) -> _Stored:
    answer = await apart(_TRAINER, msgspec.json.encode(material.order()), failed=TrainingFailed)
    return msgspec.msgpack.decode(answer, type=_Stored)


async def _judged(database: Database, stored: _Stored, material: Material, seconds: float) -> _Made:
    async with database.reading() as db:
        rules = (await published(db, LEARNING))[LEARNING]
        row = await db.fetchrow("select id, data, training from bot_model where state = 'live'")
        cases = await db.fetch("select id, text, folded, intent from labelled_case where held_out order by id")
        examples = first_words(await load_flows(db))
    try:
        candidate = IntentModel.load(stored.intents, encoder_at_hand())
    except UnreadableModel as error:
        raise TrainingFailed(reason=str(error)) from error
    live = _loaded(row["data"] if row is not None else None)
    learnt = material.forms()
    if row is not None and row["training"] is not None:
        learnt |= msgspec.convert(row["training"], Material).forms()
    judging = [
        Case(id=str(one["id"]), text=one["text"], intent=one["intent"]) for one in cases if one["folded"] not in learnt
    ]

    def both() -> tuple[list[Compared], list[ExampleOutcome]]:
        outcomes = [
            ExampleOutcome(
                flow=flow,
                name=name,
                text=text,
                live=found(live, text) == flow,
                candidate=found(candidate, text) == flow,
            )
            for flow, name, text in examples
        ]
        return compare(live, candidate, judging), outcomes

    compared, outcomes = await asyncio.to_thread(both)
    return _Made(
        model=candidate,
        data=stored.intents,
        languages=stored.languages,
        material=material,
        seconds=seconds,
        live_id=row["id"] if row is not None else None,
        compared=compared,
        examples=outcomes,
        judgement=judge(compared, outcomes, needed=rules.cases, margin=rules.margin),
        rules=rules,
    )


def _loaded(data: bytes | None) -> IntentModel:
    """The live model to compare with; one that cannot be read knows nothing (`Brain` sees to it)."""
    if data is None:
        return IntentModel.empty()
    try:
        return IntentModel.load(data, encoder_at_hand())
    except UnreadableModel:
        return IntentModel.empty()


def first_words(flows: FlowSet) -> list[tuple[str, str, str]]:
    """How the example conversations of flows begin: the flow that is meant, the example's name, the words."""
    known = {fold(text): code for text, _language, code in phrases(flows)}
    told = []
    for program in flows:
        if program.flow.is_pattern:
            continue
        for example in program.flow.examples:
            line = next((one for one in example.talk if one.customer), None)
            if line is not None and (line.intent or known.get(fold(line.customer))) == program.flow.code:
                told.append((program.flow.code, example.name, line.customer))
    return told


async def _keep(db: Connection, made: _Made, *, origin: str, actor: Actor, now: datetime) -> UUID:
    model_id = uuid7()
    await db.execute(
        """
        insert into bot_model (id, trained_at, fingerprint, phrases, intents, threshold, seconds, data, languages,
                               state, origin, report, training)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'candidate', $10, $11, $12)
        """,
        *(model_id, now, made.material.fingerprint, len(made.material.phrases), len(made.model.classes)),
        *(made.model.threshold, made.seconds, made.data, made.languages, origin),
        *(_report(made, now), msgspec.to_builtins(made.material)),
    )
    payload = ModelTrained(phrases=len(made.material.phrases), verdict=made.judgement.verdict)
    await tell(db, model_id, payload, actor, now)
    return model_id


def _report(made: _Made, now: datetime) -> dict[str, Any]:
    """As it is stored: cases by their ids, so that what a customer has said is forgotten with the case."""
    changed = [one for one in made.compared if one.change != "same"]
    return {
        **msgspec.to_builtins(made.judgement),
        "live_id": str(made.live_id) if made.live_id else None,
        "judged_at": now.isoformat(),
        "needed": made.rules.cases,
        "margin": made.rules.margin,
        "answers": [[one.case.id, one.live, one.candidate, one.change] for one in changed],
        "examples_passed": sum(one.candidate for one in made.examples),
        "examples_failed": sum(not one.candidate for one in made.examples),
        "examples": [msgspec.to_builtins(one) for one in made.examples if one.live != one.candidate],
    }


async def _call_people(db: Connection, model_id: UUID, now: datetime) -> None:
    await open_task(
        db,
        key=f"model refused:{model_id}",
        title=_("A new model of the bot waits for a decision"),
        details={},
        subject=f"model:{model_id}",
        customer_id=None,
        due_at=now,
        actor=_BOT,
        now=now,
    )


async def order_for_encoder(db: Connection) -> bool:
    """Order a training if the live model goes by another sentence encoder than this process has, or by none."""
    encoder = encoder_at_hand()
    row = await db.fetchrow("select training->>'encoder' as name from bot_model where state = 'live'")
    if row is None or (row["name"] or "") == (encoder.name if encoder else ""):
        return False
    await enqueue(db, [(TRAIN, {})])
    return True


def training_subscriber() -> Subscriber:
    """Orders a training when something that people may ask about has changed."""

    async def order(db: Connection, _events: Sequence[Event]) -> None:
        await enqueue(db, [(TRAIN, {})])

    return Subscriber(name="bot training", events=_CHANGES, handle=order, start="beginning", batch_size=500, rest=1.0)
