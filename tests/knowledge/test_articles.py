"""Articles are written, reviewed, published, rolled back and retired."""

import msgspec
import pytest

from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, Forbidden, InvalidValue, NotFound
from kupec.kit.events import subject_history
from kupec.knowledge import (
    AddressTaken,
    Answer,
    ArticleUnfit,
    NothingToPublish,
    Variable,
    add_phrasing,
    article_at,
    article_counts,
    articles_by_codes,
    drop_draft,
    get_article,
    list_articles,
    list_versions,
    publish_article,
    retire_article,
    roll_back_article,
    save_article,
    send_back_article,
    submit_article,
    training_phrases,
    vote_helpful,
)
from tests.knowledge.writing_articles import EDITOR, NOW, READER, draft, publish, publish_few


async def test_a_draft_is_seen_by_nobody_until_it_is_published(db: Connection) -> None:
    await save_article(db, draft(), actor=EDITOR, now=NOW)
    with pytest.raises(NotFound):
        await get_article(db, "shipping")
    assert (await get_article(db, "shipping", latest=True)).version.state == "draft"
    await submit_article(db, "shipping", actor=EDITOR, now=NOW)
    assert (await list_articles(db, language="en"))[0].pending == "review"
    done = await publish_article(db, "shipping", actor=EDITOR, now=NOW)
    assert (done.version.number, done.version.state, done.version.publisher) == (1, "published", "staff:ema")
    assert (await get_article(db, "shipping")).content == draft()
    names = [event.name for event in await subject_history(db, "article:shipping")]
    assert names == ["article.published", "article.reviewed", "article.drafted"]


async def test_what_is_published_stays_while_a_draft_is_written(db: Connection) -> None:
    await publish(db, draft(answer="First."))
    await save_article(db, draft(answer="Second."), actor=EDITOR, now=NOW)
    assert (await get_article(db, "shipping")).content.answers[0].text == "First."
    assert (await list_articles(db, language="en"))[0].state == "published"
    await publish_article(db, "shipping", actor=EDITOR, now=NOW)
    assert (await get_article(db, "shipping")).content.answers[0].text == "Second."
    assert [version.state for version in await list_versions(db, "shipping")] == ["published", "retired"]


async def test_an_older_version_holds_again(db: Connection) -> None:
    await publish(db, draft(answer="First."), draft(answer="Second."))
    with pytest.raises(Conflict):
        await roll_back_article(db, "shipping", 2, actor=EDITOR, now=NOW)
    done = await roll_back_article(db, "shipping", 1, actor=EDITOR, now=NOW)
    assert (done.version.number, done.version.back_to) == (3, 1)
    assert (await get_article(db, "shipping")).content.answers[0].text == "First."
    with pytest.raises(NotFound):
        await roll_back_article(db, "shipping", 9, actor=EDITOR, now=NOW)


async def test_two_editors_do_not_overwrite_each_other(db: Connection) -> None:
    first = await save_article(db, draft(answer="One."), actor=EDITOR, now=NOW)
    await save_article(db, draft(answer="Two."), seen=first.seen, actor=EDITOR, now=NOW)
    with pytest.raises(Conflict):
        await save_article(db, draft(answer="Three."), seen=first.seen, actor=EDITOR, now=NOW)
    with pytest.raises(Conflict):
        await save_article(db, draft("other"), seen="", actor=EDITOR, now=NOW)


async def test_review_goes_back_to_the_author(db: Connection) -> None:
    await save_article(db, draft(), actor=EDITOR, now=NOW)
    with pytest.raises(NothingToPublish):
        await send_back_article(db, "shipping", actor=EDITOR, now=NOW)
    await submit_article(db, "shipping", actor=EDITOR, now=NOW)
    back = await send_back_article(db, "shipping", actor=EDITOR, now=NOW)
    assert (back.state, back.reviewer) == ("draft", "staff:ema")


async def test_retired_articles_are_gone_and_keep_their_versions(db: Connection) -> None:
    await publish(db, draft())
    await retire_article(db, "shipping", actor=EDITOR, now=NOW)
    assert await articles_by_codes(db, ["shipping"]) == {}
    assert (await article_counts(db))["retired"] == 1
    with pytest.raises(NotFound):
        await article_at(db, "en", "shipping-en")
    await roll_back_article(db, "shipping", 1, actor=EDITOR, now=NOW)
    assert (await article_at(db, "en", "shipping-en"))[0].code == "shipping"


async def test_a_draft_is_thrown_away(db: Connection) -> None:
    await save_article(db, draft(), actor=EDITOR, now=NOW)
    await drop_draft(db, "shipping", actor=EDITOR, now=NOW)
    assert await list_articles(db, language="en") == []
    await publish(db, draft())
    await save_article(db, draft(answer="New."), actor=EDITOR, now=NOW)
    await drop_draft(db, "shipping", actor=EDITOR, now=NOW)
    assert (await get_article(db, "shipping", latest=True)).version.state == "published"


async def test_only_who_may_writes(db: Connection) -> None:
    await publish(db, draft())
    with pytest.raises(Forbidden):
        await save_article(db, draft(), actor=READER, now=NOW)
    with pytest.raises(Forbidden):
        await add_phrasing(db, "shipping", "en", "how much to post it", source="desk", actor=READER, now=NOW)


async def test_an_old_address_leads_to_the_new_one_and_none_is_taken_twice(db: Connection) -> None:
    await publish(db, draft())
    text = msgspec.structs.replace(draft().texts["en"], slug="delivery-costs")
    await publish(db, draft(texts={"en": text}, answers=[Answer(language="en", text="So.")]))
    article, current = await article_at(db, "en", "shipping-en")
    assert (article.content.texts["en"].slug, current) == ("delivery-costs", False)
    assert (await article_at(db, "en", "delivery-costs"))[1] is True
    assert (await article_at(db, "cs", "shipping-cs"))[1] is False, "it does not speak Czech any more"
    other = draft("other", texts={"en": text}, answers=[Answer(language="en", text="So.")])
    await save_article(db, other, actor=EDITOR, now=NOW)
    with pytest.raises(AddressTaken):
        await publish_article(db, "other", actor=EDITOR, now=NOW)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "Ne!"}, "code"),
        ({"category": "nowhere"}, "category"),
        ({"texts": {}}, "texts"),
        ({"source_url": "http://shop.example"}, "source_url"),
        ({"answers": [Answer(language="pl", text="Tak.")]}, "answers[0].language"),
        ({"answers": [Answer(language="en", text="A."), Answer(language="en", text="B.")]}, "answers[1]"),
        ({"answers": [Answer(language="en", text="A.", channel="pigeon")]}, "answers[0].channel"),
        ({"variables": {"Fee": Variable(tool="t", field="f")}}, "variables.Fee"),
    ],
)
async def test_what_is_wrong_is_named(db: Connection, changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        await save_article(db, draft(**changes), actor=EDITOR, now=NOW)  # type: ignore[arg-type]
    assert refused.value.field == field


async def test_publishing_refuses_what_would_fail_and_warns_of_what_may(db: Connection) -> None:
    signatures = {"shipping_options": {"cheapest_text"}}
    good = {"fee": Variable(tool="shipping_options", field="cheapest_text")}
    for variables, reason in (
        ({"fee": Variable(tool="nothing", field="cheapest_text")}, "no such tool"),
        ({"fee": Variable(tool="shipping_options", field="colour")}, "does not tell"),
    ):
        await save_article(db, draft(answer="It is {fee}.", variables=variables), actor=EDITOR, now=NOW)
        with pytest.raises(ArticleUnfit, match=reason):
            await publish_article(db, "shipping", signatures=signatures, actor=EDITOR, now=NOW)
    await save_article(db, draft(answer="It is {fee}.", variables=good), actor=EDITOR, now=NOW)
    assert (await publish_article(db, "shipping", signatures=signatures, actor=EDITOR, now=NOW)).warnings == []
    only_mail = [Answer(language=language, text="So.", channel="email") for language in ("en", "cs")]
    await save_article(db, draft(answers=only_mail), actor=EDITOR, now=NOW)
    with pytest.raises(ArticleUnfit, match="any channel"):
        await publish_article(db, "shipping", actor=EDITOR, now=NOW)
    await save_article(db, draft(answer="It is 99 Kč, or {other}.", variables=good), actor=EDITOR, now=NOW)
    found = (await publish_article(db, "shipping", actor=EDITOR, now=NOW)).warnings
    assert {finding.value for finding in found} == {"99 Kč", "other", "fee"}


async def test_a_way_to_ask_is_learnt_once(db: Connection) -> None:
    await publish_few(db)
    assert await add_phrasing(db, "shipping", "cs", "Za kolik to pošlete?", source="desk", actor=EDITOR, now=NOW)
    assert not await add_phrasing(db, "shipping", "cs", "za kolik to  poslete?", source="desk", actor=EDITOR, now=NOW)
    phrases = await training_phrases(db)
    assert ("Za kolik to pošlete?", "cs", "shipping") in phrases
    assert ("delivery fee", "en", "shipping") in phrases
    with pytest.raises(NotFound):
        await add_phrasing(db, "nothing", "cs", "Co?", source="desk", actor=EDITOR, now=NOW)


async def test_votes_are_counted(db: Connection) -> None:
    await publish_few(db)
    for helped in (True, True, False):
        await vote_helpful(db, "returns", "en", helped=helped, now=NOW)
    line = next(line for line in await list_articles(db, language="en") if line.code == "returns")
    assert (line.yes, line.nay) == (2, 1)
    with pytest.raises(NotFound):
        await vote_helpful(db, "nothing", "en", helped=True, now=NOW)


async def test_the_list_is_searched_without_accents(db: Connection) -> None:
    await publish_few(db)
    assert [line.code for line in await list_articles(db, language="cs", text="odvapneni")] == ["descaling"]
    assert [line.title for line in await list_articles(db, language="cs", text="kavovar")] == ["Jak odvápnit kávovar?"]
    assert await list_articles(db, language="cs", state="draft") == []
