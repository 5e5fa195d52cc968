"""Articles are found by what people ask, in their language, and nothing is found for what nobody knows."""

from uuid import uuid4

from kupec.kit.db import Connection, Pool
from kupec.knowledge import add_phrasing, privacy_part, retire_article, save_article, search
from tests.knowledge.writing_articles import EDITOR, NOW, draft, publish, publish_few


async def codes(db: Connection, text: str, language: str = "en") -> list[str]:
    return [hit.article_code for hit in await search(db, text, language=language)]


async def test_the_likeliest_comes_first(db: Connection) -> None:
    await publish_few(db)
    assert (await codes(db, "what does delivery cost?"))[0] == "shipping"
    assert (await codes(db, "kolik je postovne", "cs"))[0] == "shipping"
    assert (await codes(db, "jak odvapnim kavovar", "cs"))[0] == "descaling"
    assert (await codes(db, "Jak můžu vrátit zbozi?", "cs"))[0] == "returns"
    assert await codes(db, "   ") == []


async def test_a_misspelt_question_is_understood(db: Connection) -> None:
    await publish_few(db)
    assert (await codes(db, "discaling my macine"))[0] == "descaling"


async def test_an_answer_comes_in_the_language_asked_for_whatever_words_it_was_found_by(db: Connection) -> None:
    await publish_few(db)
    hit = (await search(db, "Kolik stojí doprava?", language="en"))[0]
    assert (hit.article_code, hit.language, hit.title) == ("shipping", "en", "How much is delivery?")
    assert hit.score < (await search(db, "Kolik stojí doprava?", language="cs"))[0].score


async def test_what_nobody_knows_scores_low(db: Connection) -> None:
    await publish_few(db)
    sure = (await search(db, "How much is delivery?", language="en"))[0].score
    unsure = [hit.score for hit in await search(db, "who won the hockey match yesterday", language="en")]
    assert sure > 0.9
    assert all(score < 0.3 for score in unsure)


async def test_drafts_and_retired_articles_are_not_found(db: Connection) -> None:
    await publish_few(db)
    await save_article(db, draft("secret"), actor=EDITOR, now=NOW)
    assert "secret" not in await codes(db, "secret")
    await retire_article(db, "returns", actor=EDITOR, now=NOW)
    assert "returns" not in await codes(db, "How do I return goods?")


async def test_what_is_learnt_is_found_at_once_and_forgotten_with_the_customer(db: Connection) -> None:
    await publish_few(db)
    customer = uuid4()
    asked = "balík nechci, posílám ho zpátky"
    before = await search(db, asked, language="cs")
    await add_phrasing(db, "returns", "cs", asked, source="conversation:1", customer_id=customer, actor=EDITOR, now=NOW)
    found = (await search(db, asked, language="cs"))[0]
    assert (found.article_code, found.matched) == ("returns", asked)
    assert await privacy_part.erase(db, [customer], NOW) == {"article_phrasing": 1}
    after = await search(db, asked, language="cs")
    assert [(hit.article_code, hit.score) for hit in after] == [(hit.article_code, hit.score) for hit in before]


async def test_every_process_sees_what_another_published(pool: Pool) -> None:
    async with pool.acquire() as one, pool.acquire() as other:
        await publish(one, draft())
        assert await codes(other, "delivery fee") == ["shipping"]
        transaction = one.transaction()
        await transaction.start()
        await publish(one, draft("returns"))
        assert "returns" in await codes(one, "return goods"), "who wrote it sees it"
        assert "returns" not in await codes(other, "return goods"), "and nobody else, before it is committed"
        await transaction.commit()
        assert "returns" in await codes(other, "return goods")
