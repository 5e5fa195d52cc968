"""Rolling out: what can be tried, trying it on a share of the traffic, letting it hold, taking it back.

Only what could be published as it stands may be tried: a draft that passes its checks, a model that passed the gate.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kupec.assistant.flows import (
    FlowSet,
    Surroundings,
    check_source,
    flow_source,
    load_flows,
    publish_flow,
    roll_back_flow,
    withdraw_flow,
)
from kupec.assistant.flows.errors import FlowNotReady
from kupec.assistant.learning import TEACH, publish_model, roll_back_model
from kupec.assistant.rollout_errors import NothingToTry, NotHolding
from kupec.assistant.rollouts import FLOW, MODEL, SETTINGS, WORDING
from kupec.assistant.settings import BOT, BotSettings
from kupec.experiments import (
    CANDIDATE,
    LIVE,
    Arm,
    Experiment,
    Guardrail,
    NewExperiment,
    finish_experiment,
    get_experiment,
    running,
    start_experiment,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.versions import publish, publish_new, published, roll_back
from kupec.knowledge import KNOWLEDGE, Signatures, check_publishable, get_article, publish_article, roll_back_article

_PERMISSIONS: Final = {MODEL: TEACH, SETTINGS: BOT.permission, FLOW: "flows.write", WORDING: "knowledge.write"}


class Triable(msgspec.Struct, frozen=True, kw_only=True):
    """A version that can be tried against `live`, the one that holds ("0": what is shipped)."""

    subject: str
    version: str
    live: str
    note: str
    author: str
    made_at: datetime


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be tried, and on whom. `despite`: a person has seen that a model's figures are too few to tell."""

    subject: str
    version: str
    share: float = 0.1
    channels: tuple[str, ...] = ()
    guardrails: tuple[Guardrail, ...] | None = None
    note: str = ""
    despite: bool = False


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What publishing looks at: the flows that hold, what a flow may speak of, the fields of what tools return."""

    flow_set: FlowSet
    around: Surroundings
    fields: Signatures | None = None


_TRIABLE = """
select 'model' as subject, c.id::text as version, l.id::text as live, '' as note, '' as author, c.trained_at as made_at
  from bot_model c join bot_model l on l.state = 'live' where c.state = 'candidate' and c.data is not null
union all
select 'bot', c.number::text, coalesce(l.number, 0)::text, c.note, c.author, c.created_at
  from document_version c left join document_version l on l.kind = 'bot' and l.state = 'published'
 where c.kind = 'bot' and c.state = 'draft' and c.number > coalesce(l.number, 0)
union all
select 'flow:' || c.code, c.number::text, coalesce(l.number, 0)::text, c.note, c.author, c.created_at
  from flow_version c left join flow_version l on l.code = c.code and l.state = 'published'
 where c.state = 'draft' and c.number > coalesce(l.number, 0) and (l.number is not null or c.code = any($1::text[]))
union all
select 'wording:' || a.code, c.number || '.' || c.revision, l.number::text, c.note, c.author, c.updated_at
  from article a join article_version c on c.article_id = a.id and c.state in ('draft', 'review')
  join article_version l on l.article_id = a.id and l.state = 'published'
 order by subject, made_at desc, version
"""


async def triable(db: Connection) -> list[Triable]:
    """What could be tried now: drafts of what holds, and trained candidates; of a subject the latest first."""
    shipped = [program.flow.code for program in await load_flows(db) if program.version == 0]
    busy = {one.subject for one in await running(db)}
    found = to_structs(Triable, await db.fetch(_TRIABLE, shipped))
    return [one for one in found if one.subject not in busy]


async def start_rollout(db: Connection, wanted: Rollout, *, shelf: Shelf, actor: Actor, now: datetime) -> Experiment:
    """Try a version on a share of the traffic. Needs the right to publish it, and "flows.write".

    Raises Forbidden, NothingToTry, AlreadyOnTrial, InvalidValue; for a flow FlowNotReady, for a wording ArticleUnfit,
    for a model what the gate raises. Emits experiment.started.
    """
    actor.require(_permission(wanted.subject))
    found = await _found(db, wanted.subject, wanted.version)
    if wanted.subject == MODEL:
        if wanted.share >= 1:
            raise InvalidValue(field="share", expected=_("a share below 1, to have something to compare with"))
        await publish_model(
            db,
            UUID(wanted.version),
            share=wanted.share,
            channels=wanted.channels,
            guardrails=wanted.guardrails,
            actor=actor,
            now=now,
            despite=wanted.despite,
        )
        return (await running(db, MODEL))[0]
    await _check(db, wanted, shelf)
    new = NewExperiment(
        subject=wanted.subject,
        arms=(Arm(name=LIVE, version=found.live), Arm(name=CANDIDATE, version=found.version)),
        share=wanted.share,
        channels=wanted.channels,
        guardrails=wanted.guardrails,
        note=wanted.note,
    )
    return await start_experiment(db, new, actor=actor, now=now)


def _permission(subject: str) -> str:
    found = next((right for kind, right in _PERMISSIONS.items() if subject == kind or subject.startswith(kind)), None)
    if found is None:
        raise InvalidValue(field="subject", expected=_("what is to be tried"))
    return found


async def _found(db: Connection, subject: str, version: str) -> Triable:
    shipped = [program.flow.code for program in await load_flows(db) if program.version == 0]
    rows = to_structs(Triable, await db.fetch(_TRIABLE, shipped))
    for one in rows:
        if (one.subject, one.version) == (subject, version):
            return one
    raise NothingToTry(field="version")


async def _check(db: Connection, wanted: Rollout, shelf: Shelf) -> None:
    if wanted.subject.startswith(FLOW):
        source = await flow_source(db, wanted.subject.removeprefix(FLOW), int(wanted.version))
        checked = check_source(source, shelf.flow_set, shelf.around)
        if not checked.ready:
            raise FlowNotReady(problem=checked.first_problem)
    elif wanted.subject.startswith(WORDING):
        article = await get_article(db, wanted.subject.removeprefix(WORDING), latest=True)
        check_publishable(article.content, (await published(db, KNOWLEDGE))[KNOWLEDGE], shelf.fields)


async def finish_rollout(
    db: Connection, experiment_id: UUID, *, winner: str, shelf: Shelf, actor: Actor, now: datetime
) -> Experiment:
    """Decide a roll-out: the version under trial is published for everybody, or what holds stays.

    Needs the right to publish it, and "flows.write". Raises Forbidden, NotFound, TrialOver, InvalidValue (winner),
    NothingToTry where the version was changed meanwhile, and what publishing raises. Emits experiment.finished and
    what publishing emits.
    """
    found = await get_experiment(db, experiment_id)
    if winner == LIVE or found.state != "running":
        return await finish_experiment(db, experiment_id, winner=winner, actor=actor, now=now)
    actor.require(_permission(found.subject))
    version = found.arm(winner).version
    if found.subject == MODEL:
        await publish_model(db, UUID(version), share=1.0, actor=actor, now=now, despite=True)
        return await get_experiment(db, experiment_id)
    done = await finish_experiment(db, experiment_id, winner=winner, actor=actor, now=now)
    await _found(db, found.subject, version)
    await _publish(db, found.subject, version, shelf=shelf, actor=actor, now=now)
    return done


async def _publish(db: Connection, subject: str, version: str, *, shelf: Shelf, actor: Actor, now: datetime) -> None:
    if subject == SETTINGS:
        await publish(db, BOT, await _document(db, int(version)), actor=actor, now=now)
    elif subject.startswith(FLOW):
        code = subject.removeprefix(FLOW)
        await publish_flow(db, code, int(version), flow_set=shelf.flow_set, around=shelf.around, actor=actor, now=now)
    else:
        code = subject.removeprefix(WORDING)
        await publish_article(db, code, signatures=shelf.fields, actor=actor, now=now)


async def _document(db: Connection, number: int) -> UUID:
    found: UUID | None = await db.fetchval(
        "select id from document_version where kind = $1 and number = $2", BOT.name, number
    )
    if found is None:
        raise NotFound(what="version")
    return found


async def holds_from(db: Connection, experiment: Experiment) -> bool:
    """Whether the version that this roll-out was finished with holds now, so that it can be taken back."""
    if experiment.state != "finished" or experiment.winner == LIVE:
        return False
    version = experiment.arm(experiment.winner).version.partition(".")[0]
    return await _holding(db, experiment.subject) == version


async def _holding(db: Connection, subject: str) -> str:
    if subject == MODEL:
        found = await db.fetchval("select id::text from bot_model where state = 'live'")
    elif subject == SETTINGS:
        found = await db.fetchval(
            "select number::text from document_version where kind = 'bot' and state = 'published'"
        )
    elif subject.startswith(FLOW):
        found = await db.fetchval(
            "select number::text from flow_version where code = $1 and state = 'published'", subject.removeprefix(FLOW)
        )
    else:
        found = await db.fetchval(
            "select v.number::text from article a join article_version v on v.article_id = a.id "
            "where a.code = $1 and v.state = 'published'",
            subject.removeprefix(WORDING),
        )
    return found or "0"


async def take_back_rollout(db: Connection, experiment_id: UUID, *, actor: Actor, now: datetime) -> Experiment:
    """Let that hold again which held before this roll-out was finished.

    Raises Forbidden, NotFound, NotHolding where another version holds by now, and what going back raises.
    """
    found = await get_experiment(db, experiment_id)
    actor.require(_permission(found.subject))
    if not await holds_from(db, found):
        raise NotHolding
    before, subject = found.live.version, found.subject
    if subject == MODEL:
        await roll_back_model(db, actor=actor, now=now)
    elif subject == SETTINGS and before == "0":
        await publish_new(db, BOT, BotSettings(), actor=actor, now=now)
    elif subject == SETTINGS:
        await roll_back(db, BOT, await _document(db, int(before)), actor=actor, now=now)
    elif subject.startswith(FLOW) and before == "0":
        await withdraw_flow(db, subject.removeprefix(FLOW), actor=actor, now=now)
    elif subject.startswith(FLOW):
        await roll_back_flow(db, subject.removeprefix(FLOW), int(before), actor=actor, now=now)
    else:
        await roll_back_article(db, subject.removeprefix(WORDING), int(before), actor=actor, now=now)
    return found
