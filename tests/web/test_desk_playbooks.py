"""Playbooks and ratings on the desk: written, practised, counted; channels set up with their secrets unseen."""

import re
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.conversations import PlayStep, Point, WebChannel
from kupec.web.desk.inbox_playbook_text import read_steps, steps_text
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import Desk, open_desk, words
from tests.web.talking import customer, heard, web_inbox

__all__ = ["gateway", "session_gateway", "shop"]

STEPS = """Přišel mi rozbitý mlýnek.
+ omluva: omlouvám se | mrzí mě
+ reklamace: reklamace
> Mrzí mě to. Založím vám reklamaci.

A kdy to bude?"""


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


line = st.text(st.characters(categories=["L", "N"], include_characters=" ,.?"), min_size=1, max_size=30).map(str.strip)
plain = line.filter(bool)
points = st.builds(lambda hint, words: Point(hint=hint, words=words), plain, st.lists(plain, min_size=1, max_size=3))
steps = st.builds(
    lambda says, points, model: PlayStep(says=says, points=points, model=model),
    plain,
    st.lists(points, max_size=3),
    st.one_of(st.just(""), plain),
)


@given(st.lists(steps, max_size=4))
def test_what_is_written_reads_back_as_it_was(written: list[PlayStep]) -> None:
    assert read_steps(steps_text(written)) == written


async def test_a_playbook_is_written_practised_and_its_result_stands(desk: Desk) -> None:
    manager, agent = await desk.signed_in("manager"), await desk.signed_in("agent")
    fields = {"title": "Reklamace", "code": "reklamace", "language": "cs", "steps": STEPS, "active": "1"}
    refused = await manager.post("/desk/inbox/playbooks", fields | {"steps": " "})
    assert refused.status_code == 422
    assert 'id="steps-error"' in refused.text
    assert "The playbook is kept." in words(await manager.done("/desk/inbox/playbooks", fields))
    key = await desk.fetchval("select id from playbook")
    assert (await agent.post(f"/desk/inbox/playbooks/{key}", fields)).status_code == 403
    page = await agent.done(f"/desk/inbox/playbooks/{key}/practise")
    assert "Přišel mi rozbitý mlýnek." in words(page)
    run = await desk.fetchval("select id from practice")
    assert (await agent.post(f"/desk/inbox/practice/{run}", {"answer": " "})).status_code == 422
    page = await agent.done(f"/desk/inbox/practice/{run}", {"answer": "Omlouvám se vám."})
    assert re.search(r'class="good-text">.*?omluva', page, re.S)
    assert re.search(r'class="bad-text">.*?reklamace', page, re.S)
    assert "A kdy to bude?" in page
    page = await agent.done(f"/desk/inbox/practice/{run}", {"answer": "Zítra."})
    assert "50 %" in words(page)
    assert "Some agent" in words(await manager.page(f"/desk/inbox/playbooks/{key}"))
    assert (await manager.post(f"/desk/inbox/practice/{run}", {"answer": "x"})).status_code == 303


async def test_ratings_are_counted_by_channel_and_day(desk: Desk) -> None:
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        inbox, jana = await web_inbox(db, now), await customer(db, "Jana", now)
        talk = await heard(db, inbox, "díky", now, who=jana)
        for number, score in enumerate((5, 5, 2, None)):
            await db.execute(
                """insert into survey (id, key, kind, customer_id, conversation_id, inbox_id, channel, language, state,
                                       due_at, asked_at, answered_at, score, comment)
                   values (gen_random_uuid(), $1, 'csat', $2, $3, $4, 'web', 'cs', $5, $6::timestamptz, $6,
                           case when $7::smallint is not null then $6 end, $7, $8)""",
                *(f"k{number}", jana, talk, inbox, "answered" if score else "asked", now, score, "<b>pomalé</b>"),
            )
    agent = await desk.signed_in("agent")
    page = await agent.page("/desk/inbox/ratings")
    text = words(page)
    assert "Satisfied 67 %" in text
    assert "Answered 3 / 4" in text
    assert "&lt;b&gt;pomalé&lt;/b&gt;" in page
    assert '<rect class="bar"' in page
    assert "Nobody has been asked yet" in words(await agent.page("/desk/inbox/ratings?kind=nps"))


async def test_a_channel_is_set_up_and_its_snippet_shown(desk: Desk) -> None:
    object.__setattr__(desk.site, "channels", {"web": WebChannel("a secret of the tests")})
    manager = await desk.signed_in("manager")
    assert "No channels yet" in words(await manager.page("/desk/inboxes"))
    fields = {"channel": "web", "name": "Chat", "code": "chat", "config.storefront": "1"}
    refused = await manager.post("/desk/inboxes", fields | {"config.origins": "ftp://x"})
    assert refused.status_code == 422
    assert 'id="config.origins-error"' in refused.text
    page = await manager.done("/desk/inboxes", fields | {"config.origins": "https://www.example.com"})
    assert "widget.js" in page
    assert "https://www.example.com" in page
    key = await desk.fetchval("select id from inbox")
    await manager.done(f"/desk/inboxes/{key}", {"name": "Jiný chat", "config.bot": "1"})
    row = await desk.fetchval("select config || jsonb_build_object('name', name, 'on', active) from inbox")
    assert (row["name"], row["on"], row["storefront"], row["bot"]) == ("Jiný chat", False, False, True)
    agent = await desk.signed_in("agent")
    assert (await agent.get("/desk/inboxes")).status_code == 403
