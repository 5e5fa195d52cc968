"""Zrnko's articles: sixty-one, in three languages, with no fact typed in that a tool can tell."""

import pytest

from kupec.app.zrnko.articles_of import CATEGORIES, categories, demo_articles, import_demo_articles
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.knowledge import Knowledge, check_publishable, fill, search, training_phrases, wording
from tests.knowledge.writing_articles import NOW

SETUP = system("demo")


def test_there_are_as_many_as_promised_and_each_is_whole() -> None:
    reads = demo_articles()
    assert len({read.code for read in reads}) == 61
    assert [read.problem for read in reads if read.draft is None] == []
    for read in reads:
        assert read.draft is not None
        assert set(read.draft.texts) == {"cs", "pl", "en"}, read.code
        for language, text in read.draft.texts.items():
            assert len(text.phrasings) >= 4, (read.code, language)
            assert len(set(text.phrasings)) == len(text.phrasings), (read.code, language)
        assert check_publishable(read.draft, Knowledge(categories=categories()), None) == [], read.code
    assert {read.draft.category for read in reads if read.draft} == set(CATEGORIES)


def test_every_answer_says_something_when_no_tool_answers() -> None:
    for read in demo_articles():
        assert read.draft is not None
        for language in ("cs", "pl", "en"):
            answer = wording(read.draft, language)
            assert answer is not None, (read.code, language)
            assert len(fill(answer.text, {})) > 40, (read.code, language)


async def test_they_are_found_by_what_people_ask(db: Connection) -> None:
    await import_demo_articles(db, actor=SETUP, now=NOW)
    assert len(await training_phrases(db)) > 60 * 3 * 5
    for language, question, code in (
        ("cs", "kolik stoji postovne do prahy", "delivery-cost"),
        ("cs", "dobry den, kavovar mi hlasi ze se ma odvapnit, jak na to", "descaling"),
        ("cs", "chci si nechat posílat kávu každý měsíc", "standing-order"),
        ("cs", "z páky mi teče voda", "machine-leaks"),
        ("pl", "jak moge zaplacic blikiem", "ways-to-pay"),
        ("pl", "ekspres nie spienia mleka", "milk-system"),
        ("en", "I'd like to send my grinder back", "return-goods"),
        ("en", "do you ship to Germany?", "delivery-countries"),
    ):
        assert (await search(db, question, language=language))[0].article_code == code, question


@pytest.mark.parametrize(
    "question", ["kdo vyhrál včera hokej", "napiš mi básničku o moři", "what is the capital of Peru"]
)
async def test_what_the_shop_does_not_know_it_does_not_claim(db: Connection, question: str) -> None:
    await import_demo_articles(db, actor=SETUP, now=NOW)
    language = "en" if question.startswith("what") else "cs"
    assert all(hit.score < 0.5 for hit in await search(db, question, language=language))


async def test_bringing_them_in_again_changes_nothing(db: Connection) -> None:
    await import_demo_articles(db, actor=SETUP, now=NOW)
    before = await db.fetchval("select count(*) from article_version")
    await import_demo_articles(db, actor=SETUP, now=NOW)
    assert await db.fetchval("select count(*) from article_version") == before
