"""The learning loop, from a question the bot could not answer to the model that can, and what keeps a bad one away."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kupec import assistant
from kupec.assistant import (
    BOT,
    LEARNING,
    Approval,
    Approved,
    BotSettings,
    Brain,
    LearningRules,
    ModelWorse,
    NeedsPerson,
    Surroundings,
    check_source,
    load_flows,
)
from kupec.assistant.learning import proposing, publishing, trainer, training
from kupec.assistant.learning.cases import folded
from kupec.assistant.learning.judging import lower_bound, mcnemar
from kupec.assistant.learning.material import Material
from kupec.assistant.understanding import IntentModel, Reading
from kupec.assistant.understanding.clustering import Heaps, cluster, telling
from kupec.assistant.understanding.training import train
from kupec.conversations import Text, say
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Conflict, Forbidden
from kupec.kit.ids import uuid7
from kupec.kit.versions import publish_new
from tests.assistant.talking import open_talk
from tests.shop import NOON

TEACHER = Actor(kind="staff", id="ema", permissions=frozenset({"knowledge.write", "flows.write"}))
WEEK = NOON - timedelta(days=7)


async def in_process(module: str, order: bytes, *, failed: type[Exception]) -> bytes:
    """What processes of their own do, here: the texts are few."""
    told: dict[str, Any] = msgspec.json.decode(order)
    if module.endswith("clustering"):
        labels = cluster(told["texts"])
        return msgspec.json.encode(Heaps(labels=labels, telling=telling(told["texts"], labels)))
    return msgspec.msgpack.encode(trainer.trained(msgspec.convert(told, trainer.Order)))


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "apart", in_process)
    monkeypatch.setattr(proposing, "apart", in_process)
    read = IntentModel.read

    def careful(model: IntentModel, text: str, *, best: int = 3) -> Reading:
        """With a handful of phrases anything looks like something: here it must look much like it."""
        reading = read(model, text, best=best)
        likely = bool(reading.guesses) and reading.guesses[0].probability > 0.45
        return msgspec.structs.replace(reading, is_known=reading.is_known and likely)

    monkeypatch.setattr(IntentModel, "read", careful)


ASKED = (
    "máte dárkové poukazy",
    "nabízíte dárkové poukazy",
    "dárkové poukazy máte prosím",
    "jak fungují dárkové poukazy",
    "dárkové poukazy vedete",
    "vedete také dárkové poukazy",
)


async def test_from_a_question_to_its_answer(pool: Pool) -> None:
    talk = await open_talk(pool)
    database = talk.database
    async with database.transaction() as db:
        await publish_new(db, LEARNING, LearningRules(fits=1.0), actor=system("test"), now=NOON)
        await publish_new(db, BOT, BotSettings(knows_from=1.0), actor=system("test"), now=NOON)
    for number, text in enumerate(ASKED):
        assert "nevím" in await talk.say(text, address=f"customer-{number}", source_id=f"one-{number}")
    async with database.transaction() as db:
        await db.execute("update conversation set turn_due_at = $1, turn_until = null", NOON)
        await db.execute("update message set answered_by = null")
    await talk.bot.sweep()  # turns that are repeated keep nothing twice
    async with database.transaction() as db:
        questions = await assistant.missed_questions(db, now=NOON)
        assert sorted(one.text for one in questions) == sorted(ASKED)
        assert {(one.reason, one.channel, one.is_lost) for one in questions} == {("unknown", "paper", None)}
        summary = await assistant.learning_summary(db, since=WEEK, now=NOON)
        assert (summary.questions, summary.customers, summary.by_reason) == (6, 6, {"unknown": 6})
        words = await assistant.unknown_words(db, since=WEEK)
        assert {(one.word, one.customers) for one in words[:2]} == {("darkove", 6), ("poukazy", 6)}
        asked = [Text(text="Jak jsme si vedli?")]
        for one in questions:  # what is asked after a conversation is no answer of a person
            assert one.conversation_id
            await say(db, one.conversation_id, asked, author="system:surveys", actor=system("surveys"), now=NOON)
    assert await assistant.propose(database, now=NOON) == 1
    assert await assistant.propose(database, now=NOON) == 0, "gathering again doubles nothing"
    async with database.reading() as db:
        [proposal] = await assistant.suggestions(db, now=NOON)
        page = await assistant.get_suggestion(db, proposal.id, now=NOON)
        assert (proposal.kind, proposal.questions, proposal.customers) == ("intent", 6, 6)
        assert page.flow is not None
        checked = check_source(page.flow.source, await load_flows(db), Surroundings(tools={}))
        assert checked.ready, checked.first_problem
    kept = tuple(one.id for one in page.members[1:])
    approval = Approval(kind="intent", kept=kept)
    with pytest.raises(Forbidden):
        await _approve(database, proposal.id, approval, Actor(kind="staff", id="ota"))
    both = await asyncio.gather(
        *(_approve(database, proposal.id, approval, TEACHER) for _ in range(2)), return_exceptions=True
    )
    [approved] = [one for one in both if isinstance(one, Approved)]
    assert [type(one) for one in both if not isinstance(one, Approved)] == [Conflict]
    assert approved.learnt + approved.held_out == 5
    assert approved.learnt >= 2
    async with database.transaction() as db:
        left = await assistant.missed_questions(db, now=NOON)
        assert [(one.id, one.suggestion_id) for one in left] == [(page.members[0].id, None)]
        await db.execute("update flow_version set state = 'published' where code = $1", approved.intent)
        assert await assistant.label_missed(db, [left[0].id], "", actor=TEACHER, now=NOON) == 1
    candidate = await assistant.train_candidate(database, actor=TEACHER, now=NOON + timedelta(minutes=1))
    await _never_both(database, candidate.id)
    async with database.transaction() as db:
        report = await assistant.candidate_report(db, candidate.id)
        assert (report.verdict, report.why, candidate.state) == ("too few cases", "cases", "candidate")
        with pytest.raises(NeedsPerson):
            await assistant.publish_model(db, candidate.id, actor=TEACHER, now=NOON)
        live = await assistant.publish_model(db, candidate.id, actor=TEACHER, now=NOON, despite=True)
        assert live.is_live
    assert await assistant.reproduce_model(database, candidate.id)
    talk.bot = talk.another_bot()
    assert "někdo z kolegů" in await talk.say("máte nějaké dárkové poukazy", address="new", source_id="new")
    await _forgotten(database, page.members[1].customer_id)
    await _falls_back(database, candidate.id)


async def _approve(database: Database, suggestion_id: UUID, approval: Approval, actor: Actor) -> Approved:
    async with database.transaction() as db:
        return await assistant.approve_suggestion(db, suggestion_id, approval, actor=actor, now=NOON)


async def _never_both(database: Database, model_id: UUID) -> None:
    """What judges is not in what was learnt from."""
    async with database.reading() as db:
        material = await db.fetchval("select training from bot_model where id = $1", model_id)
        judging = {folded(one.text) for one in await assistant.labelled_cases(db, held_out=True)}
        taught = await assistant.labelled_cases(db, held_out=False)
    learnt = {folded(phrase[0]) for phrase in material["phrases"]} | {folded(text) for text in material["outside"]}
    assert not judging & learnt
    assert {folded(one.text) for one in taught} <= learnt


async def _forgotten(database: Database, customer_id: UUID | None) -> None:
    """Nothing of what a customer said is left, in rows or in what models were made of."""
    assert customer_id is not None
    async with database.transaction() as db:
        told = await assistant.privacy_part.tell(db, [customer_id])
        [question] = told["missed_question"]
        assert len(told["labelled_case"]) == 1
        await assistant.privacy_part.erase(db, [customer_id], NOON)
        for table in ("missed_question", "labelled_case", "learnt_phrase", "suggestion", "bot_model"):
            rows = await db.fetch(f"select to_jsonb(t) - 'data' as row from {table} t")
            assert not [row for row in rows if question["text"] in str(row["row"])], table


async def _falls_back(database: Database, model_id: UUID) -> None:
    """A live model that cannot be read is left for the one before it; people are told, once."""
    async with database.transaction() as db:
        await db.execute("update bot_model set data = '\\x00ff' where id = $1", model_id)
        assert await assistant.model_alert(db) is None
    later = NOON + timedelta(hours=1)
    brains = [Brain(), Brain()]
    await asyncio.gather(*(brain.refresh(database, now=later) for brain in brains))
    async with database.reading() as db:
        alert = await assistant.model_alert(db)
        assert alert is not None
        assert alert.model_id == model_id
        assert alert.instead is not None
        assert all(brain.intents is brain.model(alert.instead) for brain in brains)
        assert brains[0].intents.classes, "the last good one, not an empty one"
        assert await db.fetchval("select count(*) from event where name = 'model.broken'") == 1
        assert await db.fetchval("select count(*) from task where key = $1", f"model:{model_id}") == 1


FRUIT = {
    "apple": ("red apple", "a green apple please", "apple pie", "fresh apples here", "sour apple juice"),
    "plum": ("blue plum", "a ripe plum please", "plum jam", "dried plums here", "sweet plum brandy"),
}


def _phrases(swapped: bool) -> list[tuple[str, str, str]]:
    other = {"apple": "plum", "plum": "apple"}
    return [(text, "en", other[one] if swapped else one) for one, texts in FRUIT.items() for text in texts]


async def _stored(db: Connection, state: str, *, swapped: bool, now: datetime = NOON) -> UUID:
    phrases = _phrases(swapped)
    material = {"phrases": phrases, "begins": ["apple", "plum"], "outside": []}
    data = train([(text, intent) for text, _language, intent in phrases], begins=["apple", "plum"]).dump()
    model_id = uuid7()
    await db.execute(
        "insert into bot_model (id, trained_at, fingerprint, phrases, intents, threshold, seconds, data, state, "
        "training) values ($1, $2, $3, 10, 2, 0.5, 0, $4, $5, $6)",
        *(model_id, now, f"{state}{swapped}", data, state, material),
    )
    return model_id


async def _cases(db: Connection, texts: Sequence[tuple[str, str]]) -> None:
    await db.executemany(
        "insert into labelled_case (id, text, folded, language, intent, held_out, source, author, created_at) "
        "values ($1, $2, $2, 'en', $3, true, 'desk', 'test', $4)",
        [(uuid7(), text, intent, NOON) for text, intent in texts],
    )


async def test_the_gate_refuses_a_worse_model_and_needs_a_person_for_few_cases(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        live = await _stored(db, "live", swapped=False)
        worse = await _stored(db, "candidate", swapped=True)
        equal = await _stored(db, "candidate", swapped=False)
        await _cases(db, [(f"{name} number {number}", name) for name in FRUIT for number in range(99)])
        await _cases(db, [("red apple", "apple")])  # learnt from, so it judges nothing
    few = await assistant.judge_again(database, equal, actor=TEACHER, now=NOON)
    assert few.verdict == "too few cases"
    async with database.transaction() as db:
        with pytest.raises(NeedsPerson) as refused:
            await assistant.publish_model(db, equal, actor=TEACHER, now=NOON)
        assert refused.value.details == {"cases": 198, "needed": 200}
        await _cases(db, [("an apple too many", "apple"), ("a plum too many", "plum")])
    assert (await assistant.judge_again(database, worse, actor=TEACHER, now=NOON)).verdict == "worse"
    assert (await assistant.judge_again(database, equal, actor=TEACHER, now=NOON)).verdict == "no worse"
    async with database.transaction() as db:
        report = await assistant.candidate_report(db, worse)
        assert (report.cases, report.candidate_right, report.why) == (200, 0, "difference")
        assert report.worse == report.live_right == len(report.answers) > 190
        for despite in (False, True):
            with pytest.raises(ModelWorse):
                await assistant.publish_model(db, worse, actor=TEACHER, now=NOON, despite=despite)
    async with pool.acquire() as db:  # the same without the comparison: the worse one would answer customers
        without = db.transaction()
        await without.start()
        with monkeypatch.context() as patched:
            patched.setattr(publishing, "require_no_worse", lambda *_given, **_named: None)
            assert (await assistant.publish_model(db, worse, actor=TEACHER, now=NOON)).is_live
        await without.rollback()
    await _out_and_back(database, live, equal)


async def test_training_by_itself_keeps_a_worse_model_from_going_live(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(pool)
    told = Material(phrases=_phrases(True), begins=["apple", "plum"])

    async def gathered(_db: Connection, *, in_use: bool) -> Material:
        assert in_use, "by itself nothing is learnt that nobody has published"
        return told

    monkeypatch.setattr(training, "gather_material", gathered)
    async with database.transaction() as db:
        live = await _stored(db, "live", swapped=False)
        await db.execute("update bot_model set languages = ''")
        await _cases(db, [(f"{name} number {number}", name) for name in FRUIT for number in range(100)])
    assert await assistant.train_bot(database, now=NOON)
    assert not await assistant.train_bot(database, now=NOON), "the same again, and people have been asked"
    async with database.transaction() as db:
        assert await db.fetchval("select id from bot_model where state = 'live'") == live
        refused = await db.fetchval("select id from bot_model where state = 'candidate'")
        assert await db.fetchval("select count(*) from task where key = $1", f"model refused:{refused}") == 1
        assert await db.fetchval("select payload from event where name = 'model.refused'") == {
            "verdict": "worse",
            "why": "difference",
        }
        await db.execute("delete from labelled_case where id = (select min(id::text)::uuid from labelled_case)")
        await db.execute("delete from bot_model where id = $1", refused)
    assert await assistant.train_bot(database, now=NOON)
    async with database.reading() as db:
        assert await db.fetchval("select id from bot_model where state = 'live'") != live, "too few to compare with"
        assert await db.fetchval("select count(*) from event where name = 'model.refused'") == 1


async def _out_and_back(database: Database, live: UUID, candidate: UUID) -> None:
    """To a part, to everybody, back in one step; a model that was judged beside another one is judged anew."""
    brain = Brain()
    async with database.transaction() as db:
        tried = await assistant.publish_model(db, candidate, share=0.1, actor=TEACHER, now=NOON)
        assert (tried.state, tried.share) == ("candidate", 0.1)
    await brain.refresh(database, now=NOON)
    assert brain.model(candidate) is not None
    assert brain.intents is brain.model(live)
    async with database.transaction() as db:
        assert (await assistant.publish_model(db, candidate, share=1.0, actor=TEACHER, now=NOON)).is_live
        assert await db.fetchval("select state from experiment") == "finished"
        back = await assistant.roll_back_model(db, actor=TEACHER, now=NOON)
        assert (back.id, back.is_live) == (live, True)
        with pytest.raises(assistant.NothingToRollBack):
            await assistant.roll_back_model(db, actor=TEACHER, now=NOON)
        names = await db.fetch("select name from event where subject like 'model:%' order by id")
        assert [row["name"] for row in names] == ["model.published", "model.published", "model.rolled_back"]


@pytest.mark.parametrize(
    ("better", "worse", "number", "lower"),
    [(0, 0, 200, -0.0133), (7, 3, 200, -0.0068), (0, 5, 200, -0.0505), (43, 30, 3000, -0.0003)],
)
def test_the_lower_bound_is_where_the_statistic_says(better: int, worse: int, number: int, lower: float) -> None:
    assert lower_bound(better, worse, number) == pytest.approx(lower, abs=0.00015)


def test_mcnemar_is_exact() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(1, 8) == pytest.approx(2 * (1 + 9) / 2**9)
    assert mcnemar(4, 4) == 1.0


async def test_what_is_missed_and_what_was_lost(pool: Pool) -> None:
    """A person asked for after an answer, a flow left, a repeated answer; dismissed, and back when it has grown."""
    talk = await open_talk(pool)
    database = talk.database
    await talk.say("kolik stojí doprava", address="eva", source_id="1")
    await talk.say("chci mluvit s člověkem", address="eva", source_id="2")
    assert "Kolik kusů?" in await talk.say("doprava", address="jan", source_id="3", choice="flow:shipping_fee")
    await talk.say("hm nevim", address="jan", source_id="4")
    await talk.say("storno", address="jan", source_id="5")
    await talk.say("zavolejte člověka", address="olga", source_id="6")  # nothing was answered before
    async with database.transaction() as db:
        kept = {(one.reason, one.text) for one in await assistant.missed_questions(db, now=NOON)}
        assert ("handed_over", "kolik stojí doprava") in kept
        assert ("corrected", "hm nevim") not in kept
        assert not [one for one in kept if "člověk" in one[1]]
        leaving = {(one.flow, one.step): one for one in await assistant.flow_leaving(db, since=WEEK, now=NOON)}
        [step] = [one for key, one in leaving.items() if key[0] == "shipping_fee"]
        assert (step.left, step.repeated, step.person, step.step) == (1, 1, 0, "steps[0]")
        await publish_new(db, LEARNING, LearningRules(fits=1.0), actor=system("test"), now=NOON)
        await db.execute("delete from missed_question")
        for number in range(3):
            await _asked(db, f"prodáváte čaj číslo {number}", cart=50_000 if number == 1 else None)
    assert await assistant.propose(database, now=NOON) == 1
    async with database.transaction() as db:
        [proposal] = await assistant.suggestions(db, now=NOON)
        assert (proposal.lost_sales, proposal.lost_value) == (0, {}), "there is time yet"
        [proposal] = await assistant.suggestions(db, now=NOON + timedelta(days=8))
        assert (proposal.customers, proposal.lost_sales, proposal.lost_value) == (3, 1, {"CZK": 50_000})
        await assistant.dismiss_suggestion(db, proposal.id, actor=TEACHER, now=NOON)
        await _asked(db, "prodáváte čaj číslo 7")
    assert await assistant.propose(database, now=NOON) == 0
    async with database.transaction() as db:
        assert await assistant.suggestions(db, now=NOON) == []
        assert await assistant.missed_questions(db, now=NOON) == []
        for number in (8, 9):
            await _asked(db, f"prodáváte čaj číslo {number}")
    assert await assistant.propose(database, now=NOON) == 1, "twice as many ask"
    async with database.reading() as db:
        [again] = await assistant.suggestions(db, now=NOON)
        assert (again.id, again.questions) == (proposal.id, 6)


async def _asked(db: Connection, text: str, *, cart: int | None = None) -> None:
    await db.execute(
        "insert into missed_question (id, reason, customer_id, text, folded, language, channel, cart_value, currency, "
        "created_at) values ($1, 'unknown', $2, $3, $3, 'cs', 'web', $4, 'CZK', $5)",
        *(uuid7(), uuid7(), text, cart, NOON),
    )
