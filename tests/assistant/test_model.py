"""The optional language model over its wire: grounded or silent, on a budget, and nothing personal leaves."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.app.tools import toolbox
from kupec.assistant import (
    MODEL,
    Grounds,
    LanguageModel,
    LeashedModel,
    ModelRules,
    choose,
    model_use,
    open_model,
    phrase,
)
from kupec.assistant.phrasing import grounded
from kupec.conversations import Known
from kupec.kit.actor import system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Database, Pool
from kupec.kit.settings import InvalidSetting, Settings
from kupec.kit.versions import publish_new
from tests.assistant.model_server import ModelServer, model_server
from tests.shop import NOON

SHIPPING = Grounds(
    title="Doprava", text="Kurýr stojí 1 290,00 Kč a doručí do 2 dnů. Viz https://zrnko.example/cs/help/doprava."
)
RETURNS = Grounds(title="Vrácení", text="Zboží lze vrátit do 14 dnů, napište na obchod@zrnko.example.")


@pytest.fixture
async def asked() -> AsyncIterator[ModelServer]:
    async with model_server() as running:
        yield running


@pytest.fixture
async def model(asked: ModelServer, pool: Pool) -> AsyncIterator[LeashedModel]:
    opened = open_model(Settings(model_url=asked.url, model_key="key", model_name="small"))
    assert opened is not None
    leashed = LeashedModel(opened, Database(pool), FixedClock(NOON), zone="Europe/Prague")
    await rules(pool)
    yield leashed
    await leashed.close()


async def rules(pool: Pool, **values: float) -> None:
    """With patience, so that the machine of a test may be slow."""
    values = {"first_word_seconds": 60.0, "seconds": 120.0} | values
    async with Database(pool).transaction() as db:
        await publish_new(db, MODEL, ModelRules(**values), actor=system("test"), now=NOON)  # type: ignore[arg-type]


async def said(model: LanguageModel, question: str = "Kolik stojí doprava?") -> str | None:
    found = await phrase(model, question, "cs", [SHIPPING, RETURNS])
    return found.text if found else None


async def test_without_an_address_there_is_no_model() -> None:
    assert open_model(Settings()) is None
    with pytest.raises(InvalidSetting):
        open_model(Settings(model_url="http://localhost/v1"))


async def test_a_grounded_answer_is_shown_with_its_sources(asked: ModelServer, model: LeashedModel) -> None:
    asked.answer = "Kurýr stojí 1290 Kč. [1] Doručí do 2 dnů. [1]"
    found = await phrase(model, "Kolik stojí doprava?", "cs", [SHIPPING, RETURNS])
    assert found is not None
    assert (found.text, found.sources, found.model) == ("Kurýr stojí 1290 Kč. Doručí do 2 dnů.", (SHIPPING,), "small")
    request = asked.asked[0]
    assert (request["model"], request["stream"], request["temperature"]) == ("small", True, 0)


@pytest.mark.parametrize(
    "answer",
    [
        "Kurýr stojí 1290 Kč.",  # names no source
        "Kurýr stojí 99 Kč. [1]",  # another price
        "Kurýr stojí 129 Kč. [1]",
        "Doručí do 2 dnů, jinak vrátíme 500 Kč. [1]",
        "Zboží lze vrátit do 14 dnů. [1]",  # stands in another source than the one named
        "Doručí do 2 dnů. [3]",  # there is none
        "Doprava je zdarma. [1]",
        "Vrátit lze do třiceti, tedy do dvaceti dnů, nebo dvacet. [2]",
        "Viz https://evil.example/. [1]",
        "Napište na ⟦email:7⟧. [2]",
        "NO_ANSWER",
        "",
        "A" * 2000 + " [1]",
    ],
)
async def test_what_is_not_grounded_is_not_said(asked: ModelServer, model: LeashedModel, answer: str) -> None:
    asked.answer = answer
    assert await said(model) is None


@given(st.text(alphabet="0123456789 Kčkurýr.,", max_size=40))
def test_no_figure_comes_from_nowhere(text: str) -> None:
    """Whatever is said: a figure that is in no source never passes, in whatever form."""
    source = Grounds(title="", text="Kurýr stojí 129 Kč.")
    if grounded(f"{text} 7777 [1]", [source]) is not None:
        raise AssertionError(text)


@pytest.mark.parametrize("form", ["1290", "1 290", "1\u00a0290,00", "1.290,00", "1,290.00", "1290.00"])
def test_an_amount_is_the_same_in_every_form(form: str) -> None:
    assert grounded(f"Stojí {form} Kč. [1]", [SHIPPING]) == [0]
    assert grounded(f"Stojí {form}1 Kč. [1]", [SHIPPING]) is None


async def test_nothing_personal_leaves_and_it_comes_back_filled(asked: ModelServer, model: LeashedModel) -> None:
    asked.answer = "Napište na ⟦email:2⟧ do 14 dnů. [2]"
    question = "Jsem Jana Nová, jana@example.com, 601 234 567, kam mám psát kvůli vrácení? Karta 4242 4242 4242 4242."
    known = Known(names=("Jana Nová",))
    found = await phrase(model, question, "cs", [SHIPPING, RETURNS], known=known)
    for secret in ("Jana", "Nová", "jana@example.com", "601", "4242", "obchod@zrnko.example"):
        assert secret not in asked.seen
    assert "⟦email:1⟧" in asked.seen
    assert found is not None
    assert found.text == "Napište na obchod@zrnko.example do 14 dnů."


async def test_late_down_and_broken_off_are_silence(asked: ModelServer, model: LeashedModel, pool: Pool) -> None:
    asked.answer = "Kurýr stojí 1290 Kč. [1]"
    await rules(pool, first_word_seconds=0.2, seconds=0.4)
    asked.delay = 600.0
    async with asyncio.timeout(60):
        assert await said(model) is None
    asked.delay, asked.delay_between = 0.0, 0.15
    assert await said(model) is None, "the first word comes in time, the whole does not"
    asked.delay_between, asked.status = 0.0, 500
    assert await said(model) is None
    asked.status = 200
    before = len(asked.asked)
    assert await said(model) is None, "after three failures it rests"
    assert len(asked.asked) == before


async def test_a_broken_stream_is_silence(asked: ModelServer, model: LeashedModel, pool: Pool) -> None:
    asked.answer, asked.breaks = "Kurýr stojí 1290 Kč. [1]", True
    assert await said(model) is None
    asked.breaks = False
    assert await said(model) == "Kurýr stojí 1290 Kč."
    async with Database(pool).reading() as db:
        (used,) = await model_use(db)
    assert (used.requests, used.failed, used.reserved_tokens) == (2, 1, 0)


async def test_what_was_used_is_counted_and_the_day_has_an_end(
    asked: ModelServer, model: LeashedModel, pool: Pool
) -> None:
    asked.answer = "Kurýr stojí 1290 Kč. [1]"
    await rules(pool, daily_requests=2)
    assert [await said(model) is not None for _ in range(3)] == [True, True, False]
    async with Database(pool).reading() as db:
        (used,) = await model_use(db)
    assert (used.requests, used.prompt_tokens, used.answer_tokens, used.reserved_tokens) == (2, 200, 40, 0)
    assert len(asked.asked) == 2
    asked.answer = "Stojí 5 Kč. [1]"
    await rules(pool, daily_requests=9)
    assert await said(model) is None
    async with Database(pool).reading() as db:
        assert (await model_use(db))[0].refused == 1


@pytest.mark.parametrize(
    "limits", [{"daily_tokens": 2000}, {"daily_cost": 2, "prompt_price": 1000, "answer_price": 1000}]
)
async def test_many_at_once_do_not_pass_the_budget(
    asked: ModelServer, model: LeashedModel, pool: Pool, limits: dict[str, int]
) -> None:
    """Tokens are reserved before the call: forty at once, and only as many are asked as the day has left."""
    asked.answer, asked.usage, asked.delay = "Kurýr stojí 1290 Kč. [1]", None, 0.05
    await rules(pool, answer_tokens=100, **limits)
    done = await asyncio.gather(*(said(model) for _ in range(40)))
    granted = sum(one is not None for one in done)
    assert 0 < granted < 8
    assert len(asked.asked) == granted
    async with Database(pool).reading() as db:
        (used,) = await model_use(db)
    assert used.prompt_tokens + used.answer_tokens <= 2000


async def test_a_tool_is_chosen_from_the_list_only(asked: ModelServer, model: LeashedModel) -> None:
    box = toolbox()
    offered = [box.get("find_products"), box.get("order_status")]
    asked.tool = ("find_products", {"query": "zrnková káva"})
    chosen = await choose(model, "Hledám zrnkovou kávu", offered)
    assert chosen is not None
    assert (chosen.tool, chosen.arguments.query) == ("find_products", "zrnková káva")  # type: ignore[attr-defined]
    assert {tool["function"]["name"] for tool in asked.asked[0]["tools"]} == {"find_products", "order_status"}
    asked.tool = ("cancel_order", {"number": "Z1"})
    assert await choose(model, "Zrušte to", offered) is None, "it was not offered"
    asked.tool = ("find_products", {"query": "x", "limit": 5000})
    assert await choose(model, "x", offered) is None, "it cannot take that"
    asked.tool = ("order_status", {"number": "Z1", "email": "⟦email:1⟧"})
    named = await choose(model, "Kde je Z1? jana@example.com", offered)
    assert named is not None
    assert named.arguments.email == "jana@example.com"  # type: ignore[attr-defined]
    assert "jana@example.com" not in asked.seen
