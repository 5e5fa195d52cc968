"""Learning on the desk: what was missed is counted and found, suggestions are decided, a verdict is said."""

from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from kupec.assistant import Judged, ModelReport
from kupec.assistant.learning.keeping import keep_unhelpful
from kupec.kit.ids import uuid7
from kupec.web.desk.learning_report import report_in_words
from kupec.web.desk.learning_words import Intent, Intents, as_written
from kupec.web.desk.reader import Reader
from tests.knowledge.writing_articles import publish_few
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON
from tests.web.desk_client import Desk, Person, open_desk, words
from tests.web.form_reading import form_fields

__all__ = ["gateway", "session_gateway", "shop"]

HERE = "/desk/learning"
ASKED = {
    "vouchers": ["do you sell vouchers", "a voucher as a gift"],
    "tasting": ["can I taste it", "tasting in the shop"],
}
READER = Reader("en", ZoneInfo("Europe/Prague"), NOON)


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    """Two suggestions of two questions each, and a question of last month that is in none."""
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        async with running.site.database.transaction() as db:
            await publish_few(db)
            for name, texts in ASKED.items():
                suggestion = uuid7()
                await db.execute(
                    "insert into suggestion (id, kind, name, language, created_at, updated_at) "
                    "values ($1, 'article', $2, 'en', $3, $3)",
                    *(suggestion, name, NOON),
                )
                for text in texts:
                    await keep_unhelpful(db, text, article="returns", language="en", channel="web", now=NOON)
                await db.execute(
                    "update missed_question set suggestion_id = $1 where suggestion_id is null", suggestion
                )
            month_ago = NOON - timedelta(days=20)
            await keep_unhelpful(db, "co je <b>tohle", article="", language="cs", channel="telegram", now=month_ago)
        yield running


async def send(person: Person, path: str, **values: str) -> str:
    """Send the review's form as it stands, with these values; the text of the page that answers."""
    fields = [pair for pair in form_fields(await person.page(path), path) if pair[0] not in values]
    answer = await person.post_many(path, [*fields, *values.items()])
    if answer.status_code == 303:
        return words(await person.page(answer.headers["location"]))
    assert answer.status_code == 422
    return words(answer.text)


async def test_what_was_missed_is_looked_at_and_taught(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    assert (await (await desk.signed_in("agent")).get(HERE)).status_code == 403
    said = words(await person.page(HERE))
    assert "The bot could not answer 4 questions in 7 days" in said
    assert "the answer did not help 4" in said
    page = await person.page(f"{HERE}/questions?days=30&q=TÓHLE&channel=telegram")
    assert "co je &lt;b&gt;tohle" in page
    assert "do you sell vouchers" not in page
    assert "No question is like that" in words(await person.page(f"{HERE}/questions?language=pl"))

    first = await desk.fetchval("select id from suggestion order by id limit 1")
    path = f"{HERE}/suggestions/{first}"
    said = await send(person, path, kind="phrase", target="No such thing", **{"text.0": ""})
    assert "Expected: a flow or an article from the list." in said
    assert "What should the bot learn?" in said
    said = await send(person, path, kind="article", title="Do you sell vouchers?", answer="")
    assert "Expected: the answer, in a few sentences." in said
    assert await desk.fetchval("select state from suggestion where id = $1", first) == "open"

    said = await send(person, path, kind="phrase", near="", target="how do I return goods?", do="approve")
    assert "2 questions are learnt. The bot is learning" in said
    assert "tasting" in said
    assert "What should the bot learn?" in said, "the next one is open"
    assert await desk.fetchval("select target from suggestion where id = $1", first) == "article:returns"
    assert await desk.fetchval("select count(*) from job where name = 'train a candidate'") == 1
    second = await desk.fetchval("select id from suggestion where state = 'open'")
    said = await send(person, f"{HERE}/suggestions/{second}", do="dismiss")
    assert "Dismissed. It comes back only when many more customers ask it." in said
    assert "Nothing waits for a review" in said

    stray = str(await desk.fetchval("select id from missed_question where channel = 'telegram'"))
    fields = [("question", stray), ("target", "nothing like it"), ("do", "teach")]
    answer = await person.post_many(f"{HERE}/questions?days=30", fields)
    said = words(await person.page(answer.headers["location"]))
    assert "There is no flow or article of this name" in said
    answer = await person.post_many(f"{HERE}/questions?days=30", [("question", stray), ("do", "none")])
    assert "1 question is marked as none of ours." in words(await person.page(answer.headers["location"]))
    assert await desk.fetchval("select intent from labelled_case where text like 'co je%'") == ""

    said = words(await person.page(f"{HERE}/model"))
    assert "The bot has not learnt anything yet" in said
    assert "There is no earlier model to go back to." in words(await person.done(f"{HERE}/model/roll-back"))
    assert "does not know" in words(await person.page(f"{HERE}/gaps"))


def test_a_verdict_is_said_in_plain_words() -> None:
    intents = Intents([Intent(code="track", title="Where is my order", label="Where is my order", kind="flow")], READER)
    report = ModelReport(
        model_id=uuid7(),
        live_id=uuid7(),
        verdict="no worse",
        why="",
        cases=250,
        needed=200,
        live_right=200,
        candidate_right=210,
        better=14,
        worse=4,
        changed=1,
        difference=0.04,
        lower=0.012,
        p=0.03,
        margin=0.02,
        answers=[
            Judged(text="parcel?", language="en", expected="track", live=None, candidate="track", change="better"),
            Judged(text="bus?", language="en", expected="", live=None, candidate="article:old-news", change="worse"),
        ],
        examples_passed=0,
        examples_failed=0,
        examples=[],
    )
    said = report_in_words(report, intents, READER)
    assert said.publishable
    assert not said.needs_person
    assert said.because == (
        "Of 250 checked questions it answers 14 better and 4 worse. That it loses more than 2% of right answers is "
        "ruled out with 95 % certainty."
    )
    assert said.figures == [("Checked questions answered rightly", "80% (200 / 250)", "84% (210 / 250)")]
    assert said.better == [("parcel?", "Where is my order", "does not know", "Where is my order")]
    assert said.worse == [
        ("bus?", "none of what the bot knows", "does not know", "old news (not there any more)"),
    ]
    worse = report_in_words(msgspec.structs.replace(report, verdict="worse", why="difference"), intents, READER)
    assert not worse.publishable
    few = msgspec.structs.replace(report, verdict="too few cases", why="cases", cases=12)
    said = report_in_words(few, intents, READER)
    assert said.publishable
    assert said.needs_person
    assert said.because.startswith("12 of the 200 checked questions")


def test_words_are_shown_as_customers_write_them() -> None:
    assert as_written("darkovy poukaz", ["Máte dárkový poukaz?"]) == "dárkový poukaz"
    assert as_written("neco jineho", ["Máte dárkový poukaz?"]) == "neco jineho"
