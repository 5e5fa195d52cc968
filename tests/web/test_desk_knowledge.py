"""Knowledge on the desk: written, reviewed, published, compared, tried, brought in and taken out."""

from collections.abc import AsyncIterator

import pytest

from kupec.knowledge import Article, get_article, read_markdown
from tests.knowledge.writing_articles import publish_few
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import Desk, Person, open_desk, words
from tests.web.form_reading import form_fields

__all__ = ["gateway", "session_gateway", "shop"]

HERE = "/desk/knowledge"
RETURNS = f"{HERE}/articles/returns"


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        async with running.site.database.transaction() as db:
            await publish_few(db)
        yield running


async def send(person: Person, values: dict[str, str], *, code: str = "returns") -> str:
    """Save the article's form as it stands, with these values; the text of the page it leads to."""
    path = f"{HERE}/articles/{code}"
    fields = dict(form_fields(await person.page(path), path))
    return words(await person.done(path, {**fields, **values}))


def said_in_english(article: Article) -> str:
    return next(answer.text for answer in article.content.answers if answer.language == "en")


async def test_an_article_is_changed_reviewed_published_and_taken_back(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    assert "Saved as a draft" in await send(person, {"en.answer": "Write to us.", "do": "draft"})
    page = words(await person.page(f"{RETURNS}?version=2&against=1"))
    assert "- How do I return goods? Like this." in page
    assert "+ Write to us." in page
    assert "Handed in" in await send(person, {"en.answer": "Write to us first.", "do": "review"})
    assert "Sent back" in words(await person.done(f"{RETURNS}/state", {"do": "send_back"}))
    assert "Published" in words(await person.done(f"{RETURNS}/state", {"do": "publish"}))
    async with desk.site.database.reading() as db:
        assert said_in_english(await get_article(db, "returns")) == "Write to us first."
    assert "holds again" in words(await person.done(f"{RETURNS}/state", {"do": "roll_back", "number": "1"}))
    async with desk.site.database.reading() as db:
        assert said_in_english(await get_article(db, "returns")) == "How do I return goods? Like this."
    assert "Retired" in words(await person.done(f"{RETURNS}/state", {"do": "retire"}))


async def test_a_wording_for_one_channel_is_previewed(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    await send(person, {"en.text.0": "Short.", "en.channel.0": "telegram", "do": "draft"})
    assert "Short." in words((await person.page(f"{RETURNS}?language=en&channel=telegram")).split('id="preview"')[1])
    assert "Like this." in words((await person.page(f"{RETURNS}?language=en&channel=web")).split('id="preview"')[1])


async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    fields = dict(form_fields(await person.page(RETURNS), RETURNS))
    answer = await person.post(RETURNS, {**fields, "en.slug": "No Address!", "en.answer": "Kept.", "do": "draft"})
    assert answer.status_code == 422
    assert "small letters, digits and hyphens" in words(answer.text)
    assert "Kept." in answer.text
    late = await person.post(RETURNS, {**fields, "seen": "0:1", "do": "draft"})
    assert late.status_code == 409
    assert "changed by someone else" in words(late.text)


async def test_a_new_article_is_written(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    form = await person.page(f"{HERE}/new?title=Do+you+sell+tea%3F&language=en")
    fields = dict(form_fields(form, HERE))
    assert fields["en.title"] == "Do you sell tea?"
    page = await person.done(
        HERE, {**fields, "en.answer": "No, for 99 Kč neither.", "category": "general", "do": "draft"}
    )
    assert "99 Kč" in words(page).partition("Look at this")[2]
    again = await person.post(HERE, {**fields, "code": "returns", "en.answer": "No.", "category": "general"})
    assert again.status_code == 422


async def test_the_list_is_narrowed(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    page = await person.page(f"{HERE}?q=limescale")
    assert 'id="article-descaling"' in page
    assert 'id="article-returns"' not in page
    assert 'id="article-returns"' not in await person.page(f"{HERE}?state=draft")


async def test_a_question_is_tried_and_learnt(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    path = f"{HERE}/try?q=parcel+back+please&language=en"
    assert "Not known" in words(await person.page(path))
    back = {"language": "en", "text": "parcel back please", "back": path}
    page = words(await person.done(f"{RETURNS}/phrasings", back))
    assert "Learnt." in page
    assert "nearest to “parcel back please”" in page
    away = await person.post(f"{RETURNS}/phrasings", {**back, "text": "again", "back": "https://evil.example"})
    assert away.headers["location"].startswith(RETURNS)


async def test_articles_come_in_and_go_out(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    text = "# Questions\n\n## Do you roast?\n\nYes.\n\n## And tea?\n"
    fields = {"form": "markdown", "language": "en", "category": "general", "text": text, "publish": "yes"}
    page = words((await person.post(f"{HERE}/import", fields)).text)
    assert "1 new, 0 changed, 0 as they were, 1 refused." in page
    assert "there is no answer below this heading" in page
    out = (await person.get(f"{HERE}/export")).text
    codes = [read.code for read in read_markdown(out, language="en", category="general") if read.draft]
    assert "do-you-roast" in codes
    assert len(codes) == 4


async def test_only_who_may_gets_in(desk: Desk) -> None:
    person = await desk.signed_in("warehouse")
    assert (await person.get(HERE)).status_code == 403
