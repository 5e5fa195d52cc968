"""What customers think of us: asked once, answered once, by button, by a typed number or by the link's page."""

from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from kupec.conversations import (
    SURVEYS,
    Choices,
    Incoming,
    Link,
    SurveyOver,
    SurveyPlace,
    Surveys,
    answer_survey,
    ask_surveys,
    get_conversation,
    latest_answers,
    messages_of,
    nps_due,
    reopen,
    resolve,
    survey_from_token,
    survey_results,
    surveys_of,
    take_in,
    take_over,
)
from kupec.customers import CONSENTS, Consents, Proof, Purpose, give_consent
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.versions import publish_new
from tests.conversations.people import NOW, add_agent, add_party, add_talk, events_of, id_of

PLACE = SurveyPlace(base_url="https://shop.test", secret="s" * 32)
ask = partial(ask_surveys, place=PLACE)
LATER = NOW + timedelta(minutes=1)


async def settled(db: Connection, ema: Actor, customer: UUID | None = None) -> UUID:
    talk = await add_talk(db, customer)
    await take_over(db, talk, actor=ema, now=NOW)
    await resolve(db, talk, actor=ema, now=NOW)
    return talk


async def token_of(db: Connection, talk: UUID) -> str:
    [link] = [block for message in await messages_of(db, talk) for block in message.content if isinstance(block, Link)]
    return link.url.rpartition("/")[2]


async def speak(db: Connection, talk: UUID, text: str, *, choice: str | None = None, at: datetime = LATER) -> None:
    leg = await db.fetchrow("select leg.inbox_id, address, customer_id from leg join conversation on "
                            "conversation.id = conversation_id where conversation_id = $1", talk)  # fmt: skip
    assert leg is not None
    said = Incoming(
        inbox=leg["inbox_id"],
        address=leg["address"],
        source_id=f"{text}-{at}",
        text=text,
        choice=choice,
        sent_at=at,
        customer_id=leg["customer_id"],
    )
    [taken] = await take_in(db, [said], now=at)
    assert taken.conversation_id == talk


async def test_after_it_is_settled_the_customer_is_asked_once(db: Connection) -> None:
    ema = await add_agent(db)
    talk = await settled(db, ema)
    assert await ask(db, LATER, 100) == 1
    message = (await messages_of(db, talk))[-1]
    assert message.author == "system:surveys"
    assert isinstance(message.content[0], Choices)
    assert [choice.label for choice in message.content[0].choices] == ["1", "2", "3", "4", "5"]
    assert "https://shop.test/cs/survey/" in message.content[1].url  # type: ignore[union-attr]
    await reopen(db, talk, actor=ema, now=LATER)
    await resolve(db, talk, actor=ema, now=LATER)
    assert await ask(db, LATER, 100) == 0
    assert (await get_conversation(db, talk)).state == "resolved"


async def test_what_goes_on_again_is_not_asked_about_until_it_is_settled_again(db: Connection) -> None:
    ema = await add_agent(db)
    talk = await settled(db, ema)
    await reopen(db, talk, actor=ema, now=NOW)
    await ask(db, LATER, 100)
    assert await surveys_of(db, [talk]) == {}
    await resolve(db, talk, actor=ema, now=LATER)
    await ask(db, LATER, 100)
    assert [one.state for one in (await surveys_of(db, [talk]))[talk]] == ["asked"]


async def test_the_link_takes_one_answer_and_a_comment_later(db: Connection) -> None:
    ema = await add_agent(db)
    talk = await settled(db, ema)
    await ask(db, LATER, 100)
    token = await token_of(db, talk)
    answer = partial(answer_survey, db, token, secret=PLACE.secret, now=LATER)
    with pytest.raises(InvalidValue):
        await answer(score=6)
    given = await answer(score=4)
    assert (given.score, given.staff_id, given.state) == (4, id_of(ema), "answered")
    commented = await answer(score=4, text="Karta 4111 1111 1111 1111, jinak fajn")
    assert commented.comment == "Karta ⟦card⟧, jinak fajn"
    for score, text in ((5, ""), (4, "something else")):
        with pytest.raises(SurveyOver):
            await answer(score=score, text=text)
    assert (await events_of(db, talk)).count("survey.answered") == 1
    with pytest.raises(SurveyOver):
        await survey_from_token(db, token, secret="x" * 32, now=LATER)
    with pytest.raises(SurveyOver):
        await survey_from_token(db, token, secret=PLACE.secret, now=LATER + timedelta(days=31))


@pytest.mark.parametrize(("text", "by_button"), [("5", True), ("5", False), (" 5/5.", False)])
async def test_a_button_or_a_typed_number_answers_and_calls_nobody(db: Connection, text: str, by_button: bool) -> None:
    ema = await add_agent(db)
    talk = await settled(db, ema)
    await ask(db, LATER, 100)
    question = (await messages_of(db, talk))[-1].content[0]
    assert isinstance(question, Choices)
    await speak(db, talk, text, choice=question.choices[4].value if by_button else None)
    [survey] = (await surveys_of(db, [talk]))[talk]
    assert (survey.state, survey.score) == ("answered", 5)
    after = await get_conversation(db, talk)
    assert (after.state, after.waiting_since, after.turn_due_at) == ("resolved", None, None)
    assert (await messages_of(db, talk))[-1].text == "Děkujeme za odpověď."


async def test_words_after_the_question_are_words(db: Connection) -> None:
    ema = await add_agent(db)
    talk = await settled(db, ema)
    await ask(db, LATER, 100)
    await speak(db, talk, "7")
    assert (await get_conversation(db, talk)).state == "open"
    other = await settled(db, ema)
    await speak(db, other, "5")
    assert (await get_conversation(db, other)).state == "open", "nobody has asked yet"


async def test_a_button_of_another_conversation_answers_nothing(db: Connection) -> None:
    ema = await add_agent(db)
    mine, other = await settled(db, ema), await settled(db, ema)
    await ask(db, LATER, 100)
    question = (await messages_of(db, other))[-1].content[0]
    assert isinstance(question, Choices)
    await speak(db, mine, "1", choice=question.choices[0].value)
    assert [one.state for one in (await surveys_of(db, [other]))[other]] == ["asked"]


async def test_nps_is_asked_by_schedule_with_consent_and_not_again_soon(db: Connection) -> None:
    boss = await add_agent(db, "Eva", "manager")
    rules = Surveys(csat_channels=[], nps_channels=["web"], nps_after_days=14, nps_every_days=180)
    await publish_new(db, SURVEYS, rules, actor=boss, now=NOW)
    purpose = Purpose(code="surveys", names={"en": "Questions"})
    await publish_new(db, CONSENTS, Consents(purposes=[purpose]), actor=boss, now=NOW)
    agrees, silent = await add_party(db), await add_party(db, "Eva Malá")
    await give_consent(db, agrees, "surveys", proof=Proof(how="desk", reason="said so"), actor=system("test"), now=NOW)
    talk = await settled(db, boss, agrees)
    await settled(db, boss, silent)
    assert await nps_due(db, NOW + timedelta(days=13), 100) == 0
    when = NOW + timedelta(days=15)
    assert await nps_due(db, when, 100) == 1
    assert await nps_due(db, when, 100) == 0
    await ask(db, when, 100)
    [survey] = (await surveys_of(db, [talk]))[talk]
    assert (survey.kind, survey.state) == ("nps", "asked")
    question = (await messages_of(db, talk))[-1].content[0]
    assert isinstance(question, Choices)
    assert len(question.choices) == 11
    later = await settled(db, boss, agrees)
    assert await nps_due(db, NOW + timedelta(days=40), 100) == 0
    await db.execute("update conversation set resolved_at = $2 where id = any($1::uuid[])", [later, talk], when)
    assert await nps_due(db, when + timedelta(days=181), 100) == 0, "their last conversation is too long ago"


async def test_results_count_by_channel_agent_and_day(db: Connection) -> None:
    ema, jan = await add_agent(db), await add_agent(db, "Jan")
    for agent, score in ((ema, 5), (ema, 2), (jan, 4), (jan, None)):
        talk = await settled(db, agent)
        await ask(db, LATER, 100)
        if score:
            await answer_survey(db, await token_of(db, talk), secret=PLACE.secret, score=score, now=LATER)
    day = datetime(2026, 11, 18, tzinfo=UTC)
    results = await survey_results(db, since=day, until=day + timedelta(days=1), actor=ema)
    [total] = results.total
    assert (total.asked, total.answered, total.scores) == (4, 3, {2: 1, 4: 1, 5: 1})
    assert total.average == pytest.approx(11 / 3)
    assert total.satisfied == pytest.approx(200 / 3)
    assert {one.by: one.answered for one in results.agents} == {ema.id: 2, jan.id: 1}
    assert [one.by for one in results.channels] == ["web"]
    assert [one.by for one in results.days] == ["2026-11-18"]
    answers = await latest_answers(db, staff_id=id_of(jan), actor=ema)
    assert [one.score for one in answers] == [4]
