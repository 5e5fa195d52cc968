"""The inbox over real HTTP: what the list shows, what is said, answered and done."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from kupec.conversations import NewAttachment, get_conversation, messages_of, take_over
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import Desk, Person, open_desk, order_of, words
from tests.web.talking import customer, heard, leg_of, story, web_inbox

__all__ = ["gateway", "session_gateway", "shop"]

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def told(desk: Desk) -> UUID:
    """Jana's story, handed over to people."""
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        return await story(db, await web_inbox(db, now), now)


async def said(desk: Desk, talk: UUID) -> list[tuple[str, str, str]]:
    """Kind, author and text of all messages."""
    async with desk.site.database.reading() as db:
        return [(one.kind, one.author.split(":")[0], one.text) for one in await messages_of(db, talk)]


def rows(page: str) -> list[str]:
    return re.findall(r'<span class="talk-who">([^<]+)</span>', page)


# --- the list ------------------------------------------------------------------------------------


async def test_who_waits_is_in_the_list_and_opens_beside_it(desk: Desk) -> None:
    talk = await told(desk)
    agent = await desk.signed_in("agent")
    assert rows(await agent.page("/desk/inbox")) == ["Jana Nováková"]
    page = await agent.page(f"/desk/inbox/{talk}")
    text = words(page)
    assert "Handed over: the customer asked for a person" in text
    assert "Ptá se na dopravu do Brna." in text
    assert "<strong>kurýrem</strong>" in page
    assert 'href="https://zrnko.example/cs/p/doprava"' in page
    assert "jana@example.com" in text
    handover = page.partition('class="handover"')[2].partition("</section>")[0]
    assert "<dt>city</dt>" in handover
    assert "<dt>reason</dt>" not in handover


async def test_each_view_has_what_it_says_and_the_address_keeps_it(desk: Desk) -> None:
    talk, now = await told(desk), desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        other = await web_inbox(db, now, code="second", name="Second")
        bots = await heard(db, other, "Dobrý den", now, who=await customer(db, "Petr Svoboda", now))
    agent = await desk.signed_in("agent")
    assert rows(await agent.page("/desk/inbox")) == ["Jana Nováková"]  # the bot's wait for nobody
    assert rows(await agent.page("/desk/inbox?view=all")) == ["Petr Svoboda", "Jana Nováková"]
    assert rows(await agent.page("/desk/inbox?view=all&inbox=second")) == ["Petr Svoboda"]
    assert rows(await agent.page("/desk/inbox?view=mine")) == []
    assert rows(await agent.page("/desk/inbox?q=svoboda")) == ["Petr Svoboda"]
    page = await agent.page(f"/desk/inbox/{bots}?view=all&inbox=second")
    assert f'href="/desk/inbox/{bots}?view=all&amp;inbox=second"' in page
    await agent.done(f"/desk/inbox/{talk}/take")
    assert rows(await agent.page("/desk/inbox?view=mine")) == ["Jana Nováková"]
    await agent.done(f"/desk/inbox/{talk}/resolve")
    assert rows(await agent.page("/desk/inbox?view=resolved")) == ["Jana Nováková"]
    assert rows(await agent.page("/desk/inbox")) == []


async def test_who_waits_past_the_promise_is_red_and_rings(desk: Desk) -> None:
    talk, now = await told(desk), desk.site.clock.now()
    agent = await desk.signed_in("agent")
    late = '<span class="badge bad">'
    page = await agent.page("/desk/inbox")
    assert 'data-late="0"' in page
    assert late not in page
    await desk.site.database.pool.execute(
        "update conversation set waiting_since = $2, respond_by = $3 where id = $1",
        *(talk, now - timedelta(minutes=42), now - timedelta(minutes=1)),
    )
    page = await agent.page("/desk/inbox")
    assert 'data-late="1"' in page
    assert late in page
    assert "waits 42 minutes" in words(page)


async def test_a_long_list_is_walked_to_its_end(desk: Desk) -> None:
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        inbox = await web_inbox(db, now)
        for number in range(120):
            await heard(db, inbox, "Dobrý den", now - timedelta(minutes=number // 3))
    agent = await desk.signed_in("agent")
    path, seen = "/desk/inbox?view=all", list[str]()
    while path:
        page = await agent.page(path)
        seen += rows(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == 120


async def test_nobody_without_the_right_sees_a_word(desk: Desk) -> None:
    talk = await told(desk)
    stranger = await desk.signed_in("warehouse")
    assert (await stranger.get(f"/desk/inbox/{talk}")).status_code == 403
    assert "/desk/inbox" not in await stranger.page("/desk/orders")


# --- what was said -------------------------------------------------------------------------------


async def test_what_is_typed_is_never_markup(desk: Desk) -> None:
    now = desk.site.clock.now()
    nasty = '<script>alert(1)</script> **<b>x</b>** javascript:alert(1) https://a.example/"onmouseover=x'
    async with desk.site.database.transaction() as db:
        inbox = await web_inbox(db, now)
        file = NewAttachment(name='"><img src=x>.txt', media_type="text/plain", content=b"hello there")
        talk = await heard(db, inbox, nasty, now, files=(file,))
    agent = await desk.signed_in("agent")
    page = await agent.page(f"/desk/inbox/{talk}")
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page
    assert "<img src=x>" not in page
    assert 'href="javascript:' not in page
    assert 'href="https://a.example/"' in page


async def test_a_file_is_handed_out_to_be_saved_and_only_with_its_conversation(desk: Desk) -> None:
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        inbox = await web_inbox(db, now)
        file = NewAttachment(name="účet.pdf", media_type="application/pdf", content=PDF)
        talk = await heard(db, inbox, "posílám", now, files=(file,))
        other = await heard(db, inbox, "jiný", now)
    key = await desk.fetchval("select id from attachment where content is not null")
    agent = await desk.signed_in("agent")
    given = await agent.get(f"/desk/inbox/{talk}/files/{key}")
    assert given.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in given.headers["content-security-policy"]
    assert (await agent.get(f"/desk/inbox/{other}/files/{key}")).status_code == 404


async def test_earlier_messages_are_loaded_by_hand(desk: Desk) -> None:
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        inbox, jana = await web_inbox(db, now), await customer(db, "Jana", now)
        for number in range(75):
            talk = await heard(db, inbox, f"zpráva {number}.", now, who=jana)
    agent = await desk.signed_in("agent")
    page = await agent.page(f"/desk/inbox/{talk}")
    assert "zpráva 74." in page
    assert "zpráva 3." not in page
    older = re.search(r'data-older href="([^"]+)"', page)
    assert older
    before = await agent.page(older[1].replace("&amp;", "&"))
    assert "zpráva 3." in before
    assert "zpráva 74." not in before


# --- answering -----------------------------------------------------------------------------------


async def test_an_answer_takes_the_conversation_over_and_silences_the_bot(desk: Desk) -> None:
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        talk = await heard(db, await web_inbox(db, now), "Dobrý den", now)
        leg = await leg_of(db, talk)
    agent = await desk.signed_in("agent")
    assert "the assistant falls silent" in await agent.page(f"/desk/inbox/{talk}")
    page = await agent.done(
        f"/desk/inbox/{talk}/answer", {"mode": "answer", "text": "Dobrý den, hned to bude.", "leg": str(leg)}
    )
    assert "Dobrý den, hned to bude." in words(page)
    assert "The assistant is silent." in words(page)
    async with desk.site.database.reading() as db:
        one = await get_conversation(db, talk)
    assert agent.staff is not None
    assert (one.holder, one.assignee, one.waiting_since) == ("people", agent.staff.id, None)
    assert ("outgoing", "staff", "Dobrý den, hned to bude.") in await said(desk, talk)


async def test_an_answer_that_was_overtaken_comes_back_whole(desk: Desk) -> None:
    talk = await told(desk)
    ema, petr = await desk.signed_in("agent"), await desk.signed_in("manager")
    seen = re.search(r'name="seen" value="(\d+)"', await petr.page(f"/desk/inbox/{talk}"))
    assert seen
    await ema.done(f"/desk/inbox/{talk}/answer", {"text": "Odpovídám první.", "seen": seen[1]})
    refused = await petr.post(f"/desk/inbox/{talk}/answer", {"text": "Odpovídám také.", "seen": seen[1]})
    assert refused.status_code == 409
    assert "Some agent has answered meanwhile" in words(refused.text)
    assert "Odpovídám první." in refused.text
    assert ">Odpovídám také.</textarea>" in refused.text
    again = re.search(r'name="seen" value="(\d+)"', refused.text)
    assert again
    await petr.done(f"/desk/inbox/{talk}/answer", {"text": "Odpovídám také.", "seen": again[1]})
    texts = [text for kind, author, text in await said(desk, talk) if (kind, author) == ("outgoing", "staff")]
    assert texts == ["Odpovídám první.", "Odpovídám také."]


async def test_where_the_window_is_shut_nothing_is_sent_and_nothing_lost(desk: Desk) -> None:
    talk, now = await told(desk), desk.site.clock.now()
    await desk.site.database.pool.execute("update leg set window_closes_at = $1", now - timedelta(hours=1))
    agent = await desk.signed_in("agent")
    assert "closed: only an approved text goes out" in words(await agent.page(f"/desk/inbox/{talk}"))
    before = len(await said(desk, talk))
    refused = await agent.post(f"/desk/inbox/{talk}/answer", {"text": "Pozdě."})
    assert refused.status_code == 409
    assert ">Pozdě.</textarea>" in refused.text
    assert len(await said(desk, talk)) == before


async def test_an_empty_answer_is_refused_and_a_conversation_that_is_not_there_too(desk: Desk) -> None:
    talk = await told(desk)
    agent = await desk.signed_in("agent")
    assert (await agent.post(f"/desk/inbox/{talk}/answer", {"text": "  "})).status_code == 422
    nowhere = "01900000-0000-7000-8000-000000000000"
    assert (await agent.post(f"/desk/inbox/{nowhere}/answer", {"text": "x"})).status_code == 404


async def test_a_note_calls_a_colleague_and_reaches_no_customer(desk: Desk) -> None:
    talk = await told(desk)
    ema = await desk.signed_in("agent")
    page = await ema.done(f"/desk/inbox/{talk}/answer", {"mode": "note", "text": "Volal už včera."})
    assert "Private note: the customer never sees it" in words(page)
    assert ("note", "staff", "Volal už včera.") in await said(desk, talk)
    petr = await desk.signed_in("manager")
    await ema.done(f"/desk/inbox/{talk}/answer", {"mode": "note", "text": "Podívej se, @Some manager"})
    assert rows(await petr.page("/desk/inbox?view=mentions")) == ["Jana Nováková"]
    assert await desk.fetchval("select count(*) from message_mention where seen_at is null") == 1
    await petr.post(f"/desk/inbox/{talk}/here")
    assert await desk.fetchval("select count(*) from message_mention where seen_at is null") == 0
    assert await desk.fetchval("select waiting_since is not null from conversation where id = $1", talk)


async def test_files_go_with_an_answer(desk: Desk) -> None:
    talk = await told(desk)
    agent = await desk.signed_in("agent")
    page = await agent.get(f"/desk/inbox/{talk}")
    token = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert token
    sent = await agent.http.post(
        f"/desk/inbox/{talk}/answer",
        data={"form_token": token[1], "text": "V příloze.", "mode": "answer"},
        files=[("file", ("navod.pdf", PDF, "application/pdf"))],
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert sent.status_code == 303, words(sent.text)
    assert "navod.pdf" in words(await agent.page(f"/desk/inbox/{talk}"))


# --- what is done --------------------------------------------------------------------------------


async def test_it_is_given_put_off_and_opened_again(desk: Desk) -> None:
    talk = await told(desk)
    agent, other = await desk.signed_in("agent"), await desk.signed_in("manager")
    assert other.staff is not None
    text = words(await agent.done(f"/desk/inbox/{talk}/assign", {"who": f"staff:{other.staff.id}"}))
    assert "Some agent assigned it to Some manager" in text
    text = words(await agent.done(f"/desk/inbox/{talk}/snooze", {"until": "tomorrow"}))
    assert "put off until" in text
    refused = words(await agent.done(f"/desk/inbox/{talk}/snooze", {"until": "at", "at": "2001-01-01T10:00"}))
    assert "a moment" in refused
    assert "open again" in words(await agent.done(f"/desk/inbox/{talk}/reopen"))
    text = words(await agent.done(f"/desk/inbox/{talk}/back"))
    assert "The assistant answers" in text
    assert "somebody of the list" in words(await agent.done(f"/desk/inbox/{talk}/assign", {"who": "staff:x"}))


async def test_two_conversations_of_one_customer_become_one_and_are_parted_again(desk: Desk) -> None:
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        inbox, jana = await web_inbox(db, now), await customer(db, "Jana", now)
        first = await heard(db, inbox, "první", now - timedelta(days=40), who=jana)
        second = await heard(db, inbox, "druhá", now, who=jana, address="another")
    assert first != second
    agent = await desk.signed_in("agent")
    assert f'<option value="{first}">' in await agent.page(f"/desk/inbox/{second}")
    await agent.done(f"/desk/inbox/{first}/merge", {"into": str(second)})
    led = await agent.get(f"/desk/inbox/{first}")
    assert led.headers["location"].startswith(f"/desk/inbox/{second}")
    texts = [text for kind, _, text in await said(desk, second) if kind == "incoming"]
    assert texts == ["první", "druhá"]
    undo = f'action="/desk/inbox/{first}/unmerge"'
    assert undo in await agent.page(f"/desk/inbox/{second}")
    assert "It is a conversation of its own again" in words(await agent.done(f"/desk/inbox/{first}/unmerge"))
    assert [text for kind, _, text in await said(desk, first) if kind == "incoming"] == ["první"]
    assert undo not in await agent.page(f"/desk/inbox/{second}")
    await agent.done(f"/desk/inbox/{first}/merge", {"into": str(second)})
    assert (await agent.page(f"/desk/inbox/{second}")).count(undo) == 1
    number = await desk.fetchval("select number from message where text = 'druhá'")
    answer = await agent.post(f"/desk/inbox/{second}/split", {"from": str(number)})
    assert answer.status_code == 303
    assert not answer.headers["location"].startswith(f"/desk/inbox/{second}")


async def test_an_order_is_cancelled_beside_the_conversation_but_not_somebody_elses(desk: Desk) -> None:
    order, now = await order_of(desk), desk.site.clock.now()
    buyer = await desk.fetchval("select customer_id from sales_order where id = $1", order)
    async with desk.site.database.transaction() as db:
        inbox = await web_inbox(db, now)
        mine = await heard(db, inbox, "zrušte to", now, who=buyer)
        theirs = await heard(db, inbox, "taky", now, who=await customer(db, "Cizí", now))
    agent = await desk.signed_in("agent")
    assert "Z10001" in words(await agent.page(f"/desk/inbox/{mine}"))
    assert "There is no such order" in words(
        await agent.done(f"/desk/inbox/{theirs}/orders/{order}/cancel", {"reason": "x"})
    )
    assert await desk.fetchval("select state from sales_order where id = $1", order) == "placed"
    await agent.done(f"/desk/inbox/{mine}/orders/{order}/cancel", {"reason": "rozmyslela si to"})
    assert await desk.fetchval("select state from sales_order where id = $1", order) == "cancelled"


async def test_a_task_and_a_call_are_planned_from_the_conversation(desk: Desk) -> None:
    talk, now = await told(desk), desk.site.clock.now()
    agent = await desk.signed_in("agent")
    tomorrow = (now + timedelta(days=1)).date().isoformat()
    await agent.done(f"/desk/inbox/{talk}/task", {"title": "Ověřit sklad", "day": tomorrow})
    await agent.done(f"/desk/inbox/{talk}/callback", {"phone": "+420 601 234 567"})
    text = words(await agent.page(f"/desk/inbox/{talk}"))
    assert "Ověřit sklad" in text
    assert "Call +420601234567" in text
    assert "a day from today on" in words(
        await agent.done(f"/desk/inbox/{talk}/task", {"title": "x", "day": "2001-01-01"})
    )


async def test_i_say_whether_i_take_conversations(desk: Desk) -> None:
    agent = await desk.signed_in("agent")
    await agent.done("/desk/inbox/duty", {"state": "available", "capacity": "7"})
    page = await agent.page("/desk/inbox")
    assert "duty-dot available" in page
    assert 'name="capacity" type="number" min="0" max="99" value="7"' in page
    assert (await agent.post("/desk/inbox/duty", {"state": "asleep"})).status_code == 303
    assert await desk.fetchval("select state from availability") == "available"


async def test_others_are_told_who_is_here_and_who_types(desk: Desk) -> None:
    talk = await told(desk)
    ema, petr = await desk.signed_in("agent"), await desk.signed_in("manager")
    await ema.post(f"/desk/inbox/{talk}/here", {"typing": "1"})
    assert (await petr.post(f"/desk/inbox/{talk}/here")).text == "Typing here: Some agent"
    await ema.post(f"/desk/inbox/{talk}/here")
    assert (await petr.post(f"/desk/inbox/{talk}/here")).text == "Looking at it: Some agent"


# --- ready-made replies, calls, the story --------------------------------------------------------


async def test_a_ready_made_reply_is_written_filled_and_used(desk: Desk) -> None:
    talk = await told(desk)
    agent = await desk.signed_in("agent")
    fields = {"shortcut": "ahoj", "title": "Pozdrav", "texts.cs": "Dobrý den, {{customer.name}}, {{order.number}}"}
    page = await agent.done("/desk/inbox/replies", fields)
    assert "The reply is kept." in words(page)
    refused = await agent.post("/desk/inbox/replies", fields)
    assert refused.status_code == 409
    assert 'data-text="Dobrý den, Jana Nováková, {{order.number}}"' in await agent.page(f"/desk/inbox/{talk}")
    again = await agent.post(f"/desk/inbox/{talk}/answer", {"do": "canned", "canned": "ahoj", "text": "Začátek"})
    assert ">Začátek\nDobrý den, Jana Nováková, {{order.number}}</textarea>" in again.text
    await agent.done(f"/desk/inbox/{talk}/answer", {"text": "Dobrý den", "used": "ahoj"})
    assert await desk.fetchval("select used from canned_reply") == 1
    key = await desk.fetchval("select id from canned_reply")
    await agent.done(f"/desk/inbox/replies/{key}/remove")
    assert await desk.fetchval("select count(*) from canned_reply") == 0


async def test_a_call_is_typed_as_it_goes_and_ends_with_what_came_of_it(desk: Desk) -> None:
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        await db.execute(
            "insert into inbox (id, code, channel, name, live, created_at) "
            "values (gen_random_uuid(), 'phone', 'phone', 'Telefon', true, $1)",
            now,
        )
    agent = await desk.signed_in("agent")
    inbox = str(await desk.fetchval("select id from inbox"))
    refused = await agent.post("/desk/inbox/new", {"inbox": inbox, "phone": "abc"})
    assert refused.status_code == 422
    page = await agent.done("/desk/inbox/new", {"inbox": inbox, "phone": "601 234 567", "name": "Karel"})
    assert "The call goes on" in words(page)
    talk = await desk.fetchval("select id from conversation")
    await agent.post(f"/desk/inbox/{talk}/spoken", {"do": "theirs", "said": "Kdy máte otevřeno?"})
    await agent.post(f"/desk/inbox/{talk}/spoken", {"do": "mine", "said": "Každý den."})
    await agent.post(f"/desk/inbox/{talk}/spoken", {"do": "end", "outcome": "zodpovězeno"})
    assert [one for one in await said(desk, talk) if one[0] in ("incoming", "outgoing")] == [
        ("incoming", "customer", "Kdy máte otevřeno?"),
        ("outgoing", "staff", "Každý den."),
    ]
    assert "The call goes on" not in words(await agent.page(f"/desk/inbox/{talk}"))
    assert await desk.fetchval("select outcome from interaction") == "zodpovězeno"


async def test_the_customers_story_tells_of_it_and_leads_into_it(desk: Desk) -> None:
    talk = await told(desk)
    owner: Person = await desk.signed_in("owner")
    jana = await desk.fetchval("select customer_id from conversation")
    page = await owner.page(f"/desk/customers/{jana}")
    assert "Handed over to people: the customer asked for a person" in words(page)
    assert f'href="/desk/inbox/{talk}"' in page
    assert owner.staff is not None
    async with desk.site.database.transaction() as db:
        await take_over(db, talk, actor=owner.staff.actor, now=desk.site.clock.now())
    assert "A person took the conversation over" in words(await owner.page(f"/desk/customers/{jana}"))


async def test_what_was_said_stands_in_the_story_and_is_found_there(desk: Desk) -> None:
    await told(desk)
    owner = await desk.signed_in("owner")
    jana = await desk.fetchval("select customer_id from conversation")
    assert "Kolik stojí doprava do Brna?" in words(await owner.page(f"/desk/customers/{jana}"))
    found = words(await owner.page(f"/desk/customers/{jana}?find=dopravu+do"))
    assert "Kolik stojí doprava do Brna?" not in found
    found = words(await owner.page(f"/desk/customers/{jana}?find=stoji+doprava+do"))
    assert "Kolik stojí doprava do Brna?" in found
    assert "Became a customer" not in found
