"""What a roll-out means to the bot: which model, settings, flows and wordings a conversation gets, and what it has met.

The subject of an experiment says what is tried, an arm's `version` which one:

    model               the id of a trained model
    bot                 the number of a version of the document "bot"
    flow:<code>         the number of the flow's version; a run that began in it ends in it
    wording:<article>   "number.revision" of the article's version; "number" once it was published
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kupec.assistant.brain import Brain
from kupec.assistant.flows import FlowSet, Program, RunState, programs_of
from kupec.assistant.settings import BOT, BotSettings
from kupec.assistant.understanding import IntentModel
from kupec.experiments import Experiment, Exposure, arms_of, expose, exposure_of, running
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.versions import get_document
from kupec.knowledge import Article, get_article

MODEL: Final = "model"
SETTINGS: Final = "bot"
FLOW: Final = "flow:"
WORDING: Final = "wording:"
Speaker = tuple[UUID, UUID | None, str]
"""A conversation, its customer if anybody knows them, and the channel it is on."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What one roll-out gives a conversation. `is_met`: it has met it already."""

    experiment: Experiment
    unit: str
    channel: str
    arm: str
    is_met: bool = False

    @property
    def is_live(self) -> bool:
        return self.arm == self.experiment.live.name

    @property
    def version(self) -> str:
        return self.experiment.arm(self.arm).version


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """What a conversation gets instead of what holds: None, or not in it, is what holds."""

    intents: IntentModel | None = None
    settings: BotSettings | None = None
    programs: tuple[Program, ...] = ()
    wordings: Mapping[str, Article] = {}
    given: tuple[Given, ...] = ()

    def flows(self, holding: FlowSet) -> FlowSet:
        for program in self.programs:
            holding = holding.holding(program)
        return holding


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one thing, ready to be used."""

    intents: IntentModel | None = None
    settings: BotSettings | None = None
    program: Program | None = None
    article: Article | None = None


async def versions_for(db: Connection, speakers: Sequence[Speaker], brain: Brain) -> dict[UUID, Versions]:
    """By conversation, what it gets of all that is being tried. One short read when nothing is, and an empty answer.

    A conversation keeps what it has met. A version that cannot be had (any more) is given to nobody.
    """
    experiments = await running(db) if speakers else []
    if not experiments:
        return {}
    met = await _met(db, [one for one, _customer, _channel in speakers])
    given: dict[UUID, list[Given]] = {conversation_id: [] for conversation_id, _customer, _channel in speakers}
    for experiment in experiments:
        for conversation_id, one in (await _given(db, experiment, speakers, met)).items():
            given[conversation_id].append(one)
    wanted = {(one.experiment.subject, one.version) for each in given.values() for one in each if not one.is_live}
    materials = {key: await _material(db, brain, *key) for key in sorted(wanted)}
    return {conversation_id: _versions(each, materials) for conversation_id, each in given.items()}


async def _met(db: Connection, ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], tuple[str, str]]:
    rows = await db.fetch(
        "select conversation_id, experiment_id, unit, arm from conversation_arm "
        "where conversation_id = any($1::uuid[])",
        list(ids),
    )
    return {(row["conversation_id"], row["experiment_id"]): (row["unit"], row["arm"]) for row in rows}


async def _given(
    db: Connection,
    experiment: Experiment,
    speakers: Sequence[Speaker],
    met: Mapping[tuple[UUID, UUID], tuple[str, str]],
) -> dict[UUID, Given]:
    found, units = {}, {}
    for conversation_id, customer_id, channel in speakers:
        known = met.get((conversation_id, experiment.id))
        if known is not None:
            unit, arm = known
            found[conversation_id] = Given(experiment=experiment, unit=unit, channel=channel, arm=arm, is_met=True)
        elif experiment.share_on(channel) > 0:
            units[conversation_id] = (str(customer_id or conversation_id), channel)
    arms = await arms_of(db, experiment, list(units.values())) if units else {}
    for conversation_id, (unit, channel) in units.items():
        found[conversation_id] = Given(experiment=experiment, unit=unit, channel=channel, arm=arms[unit])
    return found


async def _material(db: Connection, brain: Brain, subject: str, version: str) -> Material | None:
    """The version itself; None where it cannot be had: gone, changed since it was put on trial, not loaded yet."""
    try:
        if subject == MODEL:
            intents = brain.model(UUID(version))
            return None if intents is None else Material(intents=intents)
        if subject == SETTINGS:
            return await _settings(db, int(version))
        if subject.startswith(FLOW):
            programs = await programs_of(db, [(subject.removeprefix(FLOW), int(version))])
            return Material(program=programs[0]) if programs else None
        if subject.startswith(WORDING):
            return await _wording(db, subject.removeprefix(WORDING), version)
    except (ValueError, NotFound):
        return None
    return None


async def _settings(db: Connection, number: int) -> Material | None:
    version_id = await db.fetchval("select id from document_version where kind = $1 and number = $2", BOT.name, number)
    return None if version_id is None else Material(settings=await get_document(db, BOT, version_id))


async def _wording(db: Connection, code: str, version: str) -> Material | None:
    """A draft that was written anew since is another wording than the one that was put on trial."""
    number, _dot, revision = version.partition(".")
    article = await get_article(db, code, version=int(number))
    if revision and article.version.revision != int(revision):
        return None
    return Material(article=article)


def _versions(given: Sequence[Given], materials: Mapping[tuple[str, str], Material | None]) -> Versions:
    kept: list[Given] = []
    used: list[Material] = []
    for one in given:
        if one.is_live:
            kept.append(one)
            continue
        material = materials[one.experiment.subject, one.version]
        if material is not None:
            kept.append(one)
            used.append(material)
    return Versions(
        intents=next((one.intents for one in used if one.intents is not None), None),
        settings=next((one.settings for one in used if one.settings is not None), None),
        programs=tuple(one.program for one in used if one.program is not None),
        wordings={one.article.code: one.article for one in used if one.article is not None},
        given=tuple(kept),
    )


def used_at_first(run: RunState, intent: str | None, *, heard: bool) -> set[str]:
    """What a turn rests on before any flow speaks, whatever it makes of that. `heard`: it was words, no button."""
    flows = {FLOW + frame.flow for frame in run.frames}
    if intent and ":" not in intent:
        flows.add(FLOW + intent)
    return flows | ({SETTINGS, MODEL} if heard else {SETTINGS})


async def note_met(db: Connection, met: Sequence[tuple[UUID, Versions, set[str]]], *, now: datetime) -> None:
    """Of each conversation what it was given and which subjects its turn used: write down what it has met by that."""
    fresh = [
        (conversation_id, one)
        for conversation_id, versions, used in met
        for one in versions.given
        if not one.is_met and one.experiment.subject in used
    ]
    if not fresh:
        return
    stands = await expose(db, [_exposure(one) for _conversation_id, one in fresh], now=now)
    fresh.sort(key=lambda each: (each[0], each[1].experiment.id))
    await db.execute(
        """
        insert into conversation_arm (conversation_id, experiment_id, unit, arm, counts, met_at)
        select *, $6 from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::boolean[])
        on conflict (conversation_id, experiment_id) do nothing
        """,
        [conversation_id for conversation_id, _one in fresh],
        [one.experiment.id for _conversation_id, one in fresh],
        [one.unit for _conversation_id, one in fresh],
        [one.arm for _conversation_id, one in fresh],
        [stands.get((one.experiment.id, one.unit)) == one.arm for _conversation_id, one in fresh],
        now,
    )


def _exposure(one: Given) -> Exposure:
    return exposure_of(one.experiment, one.unit, one.channel, one.arm)
