"""What is tried reaches the turn: the flow, the wording, the settings, the model; what came of it is counted."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from kupec.assistant import (
    BOT,
    Autonomy,
    BotSettings,
    NothingToTry,
    NotHolding,
    Rollout,
    Shelf,
    Surroundings,
    finish_rollout,
    holds_from,
    load_flows,
    outcome_subscriber,
    save_flow,
    signatures_of,
    start_rollout,
    take_back_rollout,
    triable,
)
from kupec.assistant.flows.errors import FlowNotReady
from kupec.assistant.understanding.training import train
from kupec.conversations import resolve
from kupec.experiments import (
    CANDIDATE,
    LIVE,
    Arm,
    Experiment,
    NewExperiment,
    results,
    set_share,
    start_experiment,
    stop_experiment,
)
from kupec.kit.db import Connection, Pool
from kupec.kit.ids import uuid7
from kupec.kit.subscribers import catch_up
from kupec.kit.versions import published, save_draft
from kupec.knowledge import save_article
from tests.assistant.talking import FEE, Talk, open_talk
from tests.knowledge.writing_articles import draft
from tests.shop import NOON, SETUP

LATER = NOON + timedelta(minutes=1)
ASKS = "doprava za košík"
EXAMPLE = """
examples:
  - name: Two pieces
    language: cs
    talk:
      - {customer: "doprava za košík", entities: {quantity: 2}}
      - {tool: fee, given: {pieces: 2}, result: {text: 20 Kč}}
      - says: "20 Kč"
"""


@pytest.fixture
async def talk(pool: Pool) -> AsyncIterator[Talk]:
    one = await open_talk(pool)
    yield one
    await one.bot.close()


async def _shelf(talk: Talk, db: Connection) -> Shelf:
    tools = signatures_of(talk.tools.toolbox())
    return Shelf(flow_set=(await load_flows(db)).with_tools(tools), around=Surroundings(tools=tools))


async def _start(talk: Talk, subject: str, version: str, *, share: float = 1.0) -> Experiment:
    async with talk.database.transaction() as db:
        wanted = Rollout(subject=subject, version=version, share=share)
        return await start_rollout(db, wanted, shelf=await _shelf(talk, db), actor=SETUP, now=NOON)


async def _share(talk: Talk, one: Experiment, share: float) -> None:
    async with talk.database.transaction() as db:
        await set_share(db, one.id, share, actor=SETUP, now=LATER)


async def _exposed(talk: Talk) -> list[tuple[str, str]]:
    """What has been met by whom: subject and arm, in their order."""
    rows = await talk.pool.fetch(
        "select e.subject, x.arm from exposure x join experiment e on e.id = x.experiment_id order by 1, 2"
    )
    return [(row["subject"], row["arm"]) for row in rows]


async def test_a_flow_on_trial_is_begun_and_ends_as_it_began(talk: Talk) -> None:
    other = FEE.replace("Kolik kusů?", "Kolik jich bude?") + EXAMPLE
    async with talk.database.transaction() as db:
        made = await save_flow(db, other, actor=SETUP, now=NOON)
        unfit = await save_flow(
            db, other.replace("Doprava {", "Kurýr {").replace('20 Kč"', '30 Kč"'), actor=SETUP, now=NOON
        )
    with pytest.raises(FlowNotReady):
        await _start(talk, "flow:shipping_fee", str(unfit.number))
    with pytest.raises(NothingToTry):
        await _start(talk, "flow:shipping_fee", "1")
    one = await _start(talk, "flow:shipping_fee", str(made.number))
    await talk.say("umíš zahrát na housle", language="cs")
    assert await _exposed(talk) == [], "who never came to that flow has not met it"
    assert "Kolik jich bude?" in await talk.say(ASKS, language="cs")
    assert await _exposed(talk) == [("flow:shipping_fee", CANDIDATE)]
    async with talk.database.transaction() as db:
        await stop_experiment(db, one.id, actor=SETUP, now=LATER)
    assert await talk.say("tři kusy") == "Doprava 30 Kč", "a run that began in it ends in it"
    assert "Kolik kusů?" in await talk.say(ASKS), "everybody has what held before"

    again = await _start(talk, "flow:shipping_fee", str(made.number))
    async with talk.database.transaction() as db:
        shelf = await _shelf(talk, db)
        done = await finish_rollout(db, again.id, winner=CANDIDATE, shelf=shelf, actor=SETUP, now=LATER)
        assert await holds_from(db, done)
        assert [one.flow.code for one in await load_flows(db) if one.version == made.number] == ["shipping_fee"]
        await take_back_rollout(db, again.id, actor=SETUP, now=LATER)
        with pytest.raises(NotHolding):
            await take_back_rollout(db, again.id, actor=SETUP, now=LATER)
        holding = (await load_flows(db)).get("shipping_fee")
    assert holding is not None
    assert holding.flow.answers["how_many"] != {}
    assert "Kolik kusů?" in str(holding.flow.answers)


async def test_a_conversation_keeps_the_wording_it_has_met(talk: Talk) -> None:
    async with talk.database.transaction() as db:
        made = await save_article(db, draft("descaling", "Vezměte odvápňovač."), actor=SETUP, now=NOON)
        assert ("wording:descaling", "2.1") in [(one.subject, one.version) for one in await triable(db)]
    one = await _start(talk, "wording:descaling", f"{made.number}.{made.revision}")
    assert "Vezměte odvápňovač." in await talk.say("jak odvápním kávovar", language="cs", address="jana")
    await _share(talk, one, 0.0)
    assert "Vezměte" in await talk.say("jak odvápním kávovar?", address="jana"), "it has met it"
    assert "Like this." in await talk.say("jak odvápním kávovar", language="cs", address="petr")
    assert await _exposed(talk) == [("wording:descaling", CANDIDATE)]
    await _share(talk, one, 1.0)
    async with talk.database.transaction() as db:
        await save_article(db, draft("descaling", "Něco jiného."), actor=SETUP, now=LATER)
    assert "Like this." in await talk.say("jak odvápním kávovar", language="cs", address="eva"), "not what was allowed"
    async with talk.database.transaction() as db:
        shelf = await _shelf(talk, db)
        with pytest.raises(NothingToTry):
            await finish_rollout(db, one.id, winner=CANDIDATE, shelf=shelf, actor=SETUP, now=LATER)


async def test_what_comes_of_it_is_counted_for_the_arm_it_met(talk: Talk) -> None:
    person = BotSettings(autonomy=(Autonomy(intent="article:*", mode="person"),))
    async with talk.database.transaction() as db:
        version = await save_draft(db, BOT, person, note="", actor=SETUP, now=NOON)
    one = await _start(talk, "bot", str(version.number))
    reader = outcome_subscriber()
    await catch_up(talk.database, reader)
    await talk.say("jak odvápním kávovar", language="cs", address="jana")
    talk.tools.breaks = RuntimeError("on purpose")
    await talk.say(ASKS + ", 3 kusy", language="cs", address="petr")
    talk.tools.breaks = None
    await talk.say("kolik stojí doprava", language="cs", address="eva")
    async with talk.database.transaction() as db:
        await resolve(db, talk.conversation_id, actor=SETUP, now=LATER)
    await catch_up(talk.database, reader)
    async with talk.database.reading() as db:
        found = await results(db, one.id)
    assert found.exposed == {LIVE: 0, CANDIDATE: 3}, "a turn that breaks counts, too"
    counted = {metric: found.figure(CANDIDATE, metric).mean for metric in ("handover", "error", "resolved")}
    assert counted == {"handover": 1.0, "error": pytest.approx(1 / 3), "resolved": 0.0}
    async with talk.database.transaction() as db:
        await db.execute("update document_version set state = 'published' where kind = 'bot'")
        assert (await published(db, BOT))[BOT] == person


async def test_a_model_on_trial_understands_for_those_who_got_it(talk: Talk) -> None:
    asks = [f"umíš zahrát na {what}" for what in ("housle", "klavír", "flétnu", "buben", "harfu", "violu")]
    others = [f"jaké bude {when} počasí" for when in ("dnes", "zítra", "v pátek", "v neděli", "ráno", "večer")]
    model = train([*((text, "buy") for text in asks), *((text, "weather") for text in others)])
    live = await talk.pool.fetchval("select id from bot_model where state = 'live'")
    tried = uuid7()
    async with talk.database.transaction() as db:
        await db.execute(
            "insert into bot_model (id, trained_at, fingerprint, phrases, intents, threshold, seconds, data, state, "
            "on_trial) values ($1, $2, 'x', 4, 2, 0, 0, $3, 'candidate', true)",
            *(tried, NOON, model.dump()),
        )
        arms = (Arm(name=LIVE, version=str(live)), Arm(name=CANDIDATE, version=str(tried)))
        one = await start_experiment(db, NewExperiment(subject="model", arms=arms, share=1.0), actor=SETUP, now=NOON)
    assert "Objednáno" in await talk.say(asks[0], language="cs", address="jana")
    await _share(talk, one, 0.0)
    assert "nevím" in await talk.say(asks[0], language="cs", address="petr")
    assert await _exposed(talk) == [("model", CANDIDATE)]
