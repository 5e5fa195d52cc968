"""Flows at the desk: written as text, checked while one types, published when they may be, tried before that."""

import re
from collections.abc import AsyncIterator
from html import unescape

import msgspec
import pytest

from kupec.kit.tools import Tool, Toolbox, ToolContext
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import Desk, Person, open_desk, words

__all__ = ["gateway", "session_gateway", "shop"]

FLOW = """code: opening_hours
title: {cs: otevírací doba, pl: godziny otwarcia, en: opening hours}
phrasings:
  en: [when are you open]
slots:
  day:
    type: choice
    choices:
      - {value: week, label: {cs: všední den, pl: dzień roboczy, en: a weekday}}
      - {value: weekend, label: {cs: víkend, pl: weekend, en: the weekend}}
    ask: {cs: "Který den?", pl: "Który dzień?", en: "Which day?"}
steps:
  - collect: day
  - call: hours_of
    with: {day: day}
    into: hours
    on_error:
      closed:
        - say: {cs: "Zavřeno.", pl: "Zamknięte.", en: "Closed."}
        - end: true
  - say: open
answers:
  open: {cs: "Otevřeno {hours.text}.", pl: "Otwarte {hours.text}.", en: "Open {hours.text}."}
examples:
  - name: A weekday
    talk:
      - customer: "When are you open"
      - customer: "a weekday"
      - {tool: hours_of, given: {day: week}, result: {text: "9 to 5"}}
      - says: "9 to 5"
"""


class HoursOf(msgspec.Struct, frozen=True, kw_only=True):
    day: str


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    text: str


async def _hours(_context: ToolContext, _arguments: HoursOf) -> Hours:
    raise AssertionError("nothing is called from the desk")


TOOLS = Toolbox([Tool(name="hours_of", description="", arguments=HoursOf, result=Hours, run=_hours)])


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock, toolbox=TOOLS) as running:
        yield running


async def _holds(desk: Desk) -> list[tuple[int, str]]:
    async with desk.site.database.reading() as db:
        rows = await db.fetch("select number, state from flow_version where code = 'opening_hours' order by number")
    return [(row["number"], row["state"]) for row in rows]


async def test_a_flow_is_written_published_compared_and_rolled_back(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    await person.page("/desk/flows/new")
    said = await person.done("/desk/flows/new", {"source": FLOW, "seen": "0", "do": "publish", "note": "first"})
    assert "Version 1 holds now." in words(said)
    assert "asks day: choice" in words(said)
    changed = FLOW.replace("Which day?", "What day?")
    said = await person.done("/desk/flows/opening_hours", {"source": changed, "seen": "1", "do": "draft"})
    assert "Nothing has changed in the shop yet" in words(said)
    assert await _holds(desk) == [(1, "published"), (2, "draft")]
    page = words(await person.page("/desk/flows/opening_hours/compare?old=1&new=2"))
    assert 'removed ask: {cs: "Který den?", pl: "Który dzień?", en: "Which day?"}' in page
    assert 'added ask: {cs: "Který den?", pl: "Który dzień?", en: "What day?"}' in page
    await person.done("/desk/flows/opening_hours/versions/2/publish")
    assert await _holds(desk) == [(1, "retired"), (2, "published")]
    await person.done("/desk/flows/opening_hours/versions/1/roll-back")
    assert await _holds(desk) == [(1, "retired"), (2, "retired"), (3, "published")]
    await person.done("/desk/flows/opening_hours/withdraw")
    assert (await _holds(desk))[-1] == (3, "retired")
    assert await desk.events("flow:opening_hours") == [
        *("flow.drafted", "flow.published", "flow.drafted", "flow.published", "flow.published", "flow.withdrawn")
    ]


async def test_what_is_wrong_is_kept_as_a_draft_and_shown_with_its_line(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    wrong = FLOW.replace("call: hours_of", "call: hours_off")
    page = words(await person.done("/desk/flows/new", {"source": wrong, "seen": "0", "do": "publish"}))
    assert "Kept as a draft" in page
    assert "Line 14 steps[1].call there is no tool “hours_off”; there are: hours_of" in page
    assert await _holds(desk) == [(1, "draft")]
    refused = await person.done("/desk/flows/opening_hours/versions/1/publish")
    assert "This flow cannot be published yet: line 14" in words(refused)


async def test_an_example_that_goes_otherwise_keeps_a_flow_from_being_published(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    wrong = FLOW.replace('says: "9 to 5"', 'says: "all day"')
    page = words(await person.done("/desk/flows/new", {"source": wrong, "seen": "0", "do": "publish"}))
    assert "expected “all day”, found open" in page
    assert await _holds(desk) == [(1, "draft")]


async def test_a_text_is_checked_while_one_types(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    good = await person.post("/desk/flows/check", {"source": FLOW})
    assert good.status_code == 200
    assert "Ready to be published" in words(good.text)
    bad = await person.post("/desk/flows/check", {"source": "code: [a\nsteps: "})
    assert "not YAML" in words(bad.text)
    assert "<html" not in good.text


async def test_two_people_do_not_overwrite_each_other(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    await person.done("/desk/flows/new", {"source": FLOW, "seen": "0", "do": "draft"})
    answer = await person.post("/desk/flows/opening_hours", {"source": FLOW, "seen": "0", "do": "draft"})
    assert answer.status_code == 409
    assert "changed by someone else" in words(answer.text)
    assert FLOW.splitlines()[0] in unescape(answer.text), "what was typed is not lost"


async def test_a_conversation_is_tried_before_anything_holds(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    await person.done("/desk/flows/new", {"source": FLOW, "seen": "0", "do": "draft"})
    begin = {"flow": "opening_hours", "version": "1", "channel": "web", "language": "en", "do": "begin"}
    page = await _move(person, "", begin)
    assert "Which day? a weekday the weekend" in words(page)
    page = await _move(person, page, {"do": "press:weekend"})
    assert "The tool is called: hours_of day: weekend" in words(page)
    assert '"text": "(text)"' in unescape(page)
    page = await _move(person, page, {"do": "answer", "result": '{"text": "10 to 2"}'})
    assert "Open 10 to 2." in words(page)
    page = await _move(person, page, {"do": "say", "text": "what is the weather"})
    assert "Knowledge is asked" in words(page)
    page = await _move(person, page, {"do": "answer", "result": '{"found": false}'})
    assert "I am afraid I do not know that" in words(page)
    assert await _holds(desk) == [(1, "draft")]


async def _move(person: Person, page: str, fields: dict[str, str]) -> str:
    found = re.search(r'name="table" value="([^"]*)"', page)
    answer = await person.post("/desk/flow-simulator", {"table": unescape(found[1]) if found else "", **fields})
    assert answer.status_code == 200, words(answer.text)
    return answer.text


async def test_hosts_are_allowed_by_who_may_and_their_secret_is_never_shown(desk: Desk) -> None:
    person = await desk.signed_in("owner")
    fields = {"host": "erp.example", "header": "Authorization", "secret": "Bearer 4711"}
    page = await person.done("/desk/flow-hosts", fields)
    assert "erp.example" in page
    assert "4711" not in page
    async with desk.site.database.reading() as db:
        assert b"4711" not in await db.fetchval("select secret from flow_host")
    page = await person.done("/desk/flow-hosts", {"host": "https://erp.example/x"})
    assert "a host such as erp.example" in words(page)
    page = await person.done("/desk/flow-hosts/forget", {"host": "erp.example"})
    assert "erp.example</code>" not in page


async def test_the_schema_is_served(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    answer = await person.get("/desk/flows/schema.json")
    assert answer.headers["content-type"].startswith("application/schema+json")
    assert answer.json()["$defs"]["Step"]["anyOf"]


async def test_rules_and_messages_may_be_written_as_text(desk: Desk) -> None:
    person = await desk.signed_in("owner")
    for name in ("rules", "templates"):
        page = await person.page(f"/desk/texts/{name}")
        source = unescape(re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)[0]).strip()
        checked = await person.post(f"/desk/texts/{name}/check", {"source": source})
        assert "Ready to be published" in words(checked.text), words(checked.text)
        assert "Plural-Forms" not in checked.text
        said = await person.done(f"/desk/texts/{name}", {"source": source, "seen": "", "do": "publish"})
        assert "Version 1 holds now." in words(said)
        late = await person.post(f"/desk/texts/{name}", {"source": source, "seen": "", "do": "publish"})
        assert late.status_code == 409
    wrong = await person.post(
        "/desk/texts/rules", {"source": "rules:\n  - code: x\n    colour: red", "seen": "", "do": "draft"}
    )
    assert wrong.status_code == 422
    assert "Line 2 rules[0]" in words(wrong.text)
    assert (await person.get("/desk/texts/nothing")).status_code == 404
