"""Versions of flows in the database, runs that keep theirs, other systems over real HTTP, and what is counted."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from aiohttp import web

from kupec.assistant import (
    FlowEnded,
    FlowStarted,
    HttpEffect,
    RunState,
    Surroundings,
    TurnInput,
    advance,
    allow_host,
    current_flows,
    flow_counts,
    flow_source,
    forget_host,
    get_flow,
    import_flows,
    load_flows,
    publish_flow,
    roll_back_flow,
    save_flow,
    withdraw_flow,
)
from kupec.assistant.flows import holding
from kupec.assistant.flows.asking_systems import ask_system
from kupec.assistant.flows.errors import FlowNotReady
from kupec.assistant.flows.stored_runs import load_runs, save_runs
from kupec.assistant.flows.tallying import tally
from kupec.kit.actor import Actor, system
from kupec.kit.addresses import Reach
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Conflict, Forbidden, InvalidValue, NotFound
from kupec.kit.events import Event
from tests.shop import NOON

ME = system("test")
KEY = "a secret"
AROUND = Surroundings(tools={})
FLOW = """code: hello
title: {cs: a, pl: a, en: hello}
phrasings: {en: [hello there]}
slots:
  name_of: {type: text, ask: {cs: a, pl: a, en: "Your name?"}}
steps:
  - collect: name_of
  - say: hello
answers:
  hello: {cs: "{name_of}", pl: "{name_of}", en: "Hello {name_of}."}
examples:
  - name: One
    talk:
      - customer: "hello there"
      - customer: "Jana"
      - says: "Hello Jana"
"""


async def _published(db: Connection, source: str = FLOW) -> int:
    draft = await save_flow(db, source, actor=ME, now=NOON)
    flows = await load_flows(db)
    return (await publish_flow(db, "hello", draft.number, flow_set=flows, around=AROUND, actor=ME, now=NOON)).number


async def test_what_holds_changes_in_one_step_and_comes_back(db: Connection) -> None:
    assert await _published(db) == 1
    assert await _published(db, FLOW.replace("Hello {", "Welcome {").replace('"Hello Jana"', '"Welcome Jana"')) == 2
    program = (await load_flows(db)).get("hello")
    assert program is not None
    assert program.version == 2
    back = await roll_back_flow(db, "hello", 1, actor=ME, now=NOON)
    assert (back.number, back.state) == (3, "published")
    assert await flow_source(db, "hello", 3) == FLOW
    assert (await get_flow(db, "hello", 2)).state == "retired"
    with pytest.raises(Conflict):
        await roll_back_flow(db, "hello", 3, actor=ME, now=NOON)
    await withdraw_flow(db, "hello", actor=ME, now=NOON)
    assert "hello" not in await load_flows(db)
    with pytest.raises(NotFound):
        await withdraw_flow(db, "hello", actor=ME, now=NOON)


async def test_only_what_is_ready_is_published_and_only_by_who_may(db: Connection) -> None:
    draft = await save_flow(db, FLOW.replace("say: hello", "say: helo"), actor=ME, now=NOON)
    flows = await load_flows(db)
    with pytest.raises(FlowNotReady, match="there is no answer “helo”"):
        await publish_flow(db, "hello", draft.number, flow_set=flows, around=AROUND, actor=ME, now=NOON)
    agent = Actor(kind="staff", id="1", permissions=frozenset({"conversations.write"}))
    for act in (
        save_flow(db, FLOW, actor=agent, now=NOON),
        publish_flow(db, "hello", 1, flow_set=flows, around=AROUND, actor=agent, now=NOON),
        roll_back_flow(db, "hello", 1, actor=agent, now=NOON),
        withdraw_flow(db, "hello", actor=agent, now=NOON),
        allow_host(db, "erp.example", key=KEY, actor=agent, now=NOON),
        forget_host(db, "erp.example", actor=agent, now=NOON),
    ):
        with pytest.raises(Forbidden):
            await act
    with pytest.raises(InvalidValue):
        await save_flow(db, "title: nothing", actor=ME, now=NOON)


async def test_a_run_keeps_its_version_through_publication_and_roll_back(db: Connection) -> None:
    await _published(db)
    turn = TurnInput(text="hello there", intent="hello", confidence=1.0, language="en")
    step = advance(await current_flows(db), RunState(), turn)
    await _published(db, FLOW.replace("Hello {", "Welcome {").replace('"Hello Jana"', '"Welcome Jana"'))
    await roll_back_flow(db, "hello", 1, actor=ME, now=NOON)
    flows = await current_flows(db, step.run.pins)
    holds = flows.get("hello")
    assert holds is not None
    assert holds.version == 3
    done = advance(flows, step.run, TurnInput(text="Jana", language="en"))
    said = [(effect.version, effect.answer) for effect in done.effects if hasattr(effect, "answer")]  # type: ignore[union-attr]
    assert said == [(1, "hello")]


async def test_a_full_store_of_programs_forgets_none_that_is_asked_for(
    db: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_MOST_KEPT", 0)
    first = await _published(db)
    assert len(await holding.programs_of(db, [("hello", first)])) == 1
    second = await save_flow(db, FLOW.replace("hello there", "good evening"), actor=ME, now=NOON)
    assert len(await holding.programs_of(db, [("hello", first), ("hello", second.number)])) == 2


async def test_flows_that_are_brought_in_may_speak_of_one_another(db: Connection) -> None:
    other = "code: other\ntitle: {cs: a, pl: a, en: a}\nsteps:\n  - link: hello\nexamples: [{name: a, talk: []}]\n"
    assert len(await import_flows(db, [other, FLOW], around=AROUND, actor=ME, now=NOON)) == 2
    assert await import_flows(db, [other, FLOW], around=AROUND, actor=ME, now=NOON) == []
    with pytest.raises(FlowNotReady, match="nowhere"):
        await import_flows(db, [other.replace("hello", "nowhere")], around=AROUND, actor=ME, now=NOON)


async def test_beginnings_and_ends_are_counted_by_flow(db: Connection) -> None:
    def happened(number: int, payload: FlowStarted | FlowEnded, days: int = 0) -> Event:
        return Event(
            id=number,
            xid=1,
            name=payload.name,
            v=1,
            occurred_at=NOON - timedelta(days=days),
            recorded_at=NOON,
            actor="system:bot",
            origin="live",
            customer_id=None,
            channel=None,
            subject="conversation:1",
            payload={name: getattr(payload, name) for name in payload.__struct_fields__},
        )

    began, ended = FlowStarted(flow="hello", version=1), FlowEnded(flow="hello", version=1, outcome="handed_over")
    await tally(db, [happened(1, began), happened(2, began), happened(3, ended), happened(4, began, days=40)])
    await tally(db, [happened(5, FlowEnded(flow="hello", version=2, outcome="completed"))])
    count = (await flow_counts(db, now=NOON))["hello"]
    assert (count.started, count.handed_over, count.completed) == (2, 1, 1)


@pytest.fixture
async def erp() -> AsyncIterator[tuple[str, list[web.Request]]]:
    """A system of somebody else's, with its bad days."""
    seen: list[web.Request] = []
    over = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        match request.match_info["what"]:
            case "slow":
                await over.wait()
            case "away":
                return web.Response(status=302, headers={"Location": "http://localhost/stock"})
            case "broken":
                return web.Response(text="<html>")
            case "gone":
                return web.Response(status=404)
            case "huge":
                return web.Response(text='{"pieces": 1, "x": "' + "x" * 600_000 + '"}')
        return web.json_response({"stock": {"pieces": 7}, "note": "x" * 5000, "lines": [1, 2]})

    app = web.Application()
    app.router.add_route("*", "/{what:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://localhost:{port}", seen
    over.set()
    await runner.cleanup()


def _asking(url: str, timeout: float = 60.0, method: str = "GET", **outputs: dict[str, object]) -> HttpEffect:
    wanted = outputs or {"pieces": {"at": "stock.pieces", "type": "number", "optional": False}}
    body = {"sku": "A"} if method != "GET" else None
    return HttpEffect(method=method, url=url, query={}, body=body, outputs=wanted, timeout=timeout, key="k.1")


async def test_another_system_is_asked_within_bounds(pool: Pool, erp: tuple[str, list[web.Request]]) -> None:
    url, seen = erp
    database, reach = Database(pool), Reach(local=True)
    async with database.transaction() as db:
        await allow_host(db, "localhost", header="X-Key", secret="4711", key=KEY, actor=ME, now=NOON)

    async def code(path: str, timeout: float = 60.0, **outputs: dict[str, object]) -> str:
        result, error = await ask_system(database, _asking(url + path, timeout, **outputs), reach, key=KEY)
        assert (result is None) != (error is None)
        return error.code if error is not None else str(result)

    assert await code("/stock") == "{'pieces': 7}"
    assert seen[-1].headers["X-Key"] == "4711"
    assert await code("/slow", 0.2) == "timeout"
    assert await code("/away") == "status_302", "no redirect is followed"
    assert await code("/gone") == "status_404"
    assert await code("/broken") == "unexpected_answer"
    assert await code("/huge") == "unexpected_answer"
    assert await code("/stock", a={"at": "stock", "type": "text"}) == "unexpected_answer"
    assert await code("/stock", a={"at": "nothing", "type": "text", "optional": True}) == "{'a': None}"
    result, _error = await ask_system(database, _asking(url + "/stock", method="POST"), reach, key=KEY)
    assert result == {"pieces": 7}
    assert seen[-1].headers["Idempotency-Key"] == "k.1"
    async with database.transaction() as db:
        await forget_host(db, "localhost", actor=ME, now=NOON)
    asked = len(seen)
    assert await code("/stock") == "host_not_allowed"
    assert len(seen) == asked


async def test_our_own_network_is_not_asked_whatever_is_allowed(pool: Pool, erp: tuple[str, list[web.Request]]) -> None:
    url, seen = erp
    database = Database(pool)
    for host in ("localhost", "127.0.0.1", "169.254.169.254", "inner.example"):
        async with database.transaction() as db:
            await allow_host(db, host, key=KEY, actor=ME, now=NOON)
    for address in (url, url.replace("http:", "https:"), "https://127.0.0.1/x", "https://169.254.169.254/x"):
        _result, error = await ask_system(database, _asking(address + "/stock"), Reach(), key=KEY)
        assert error is not None
        assert error.code in ("forbidden_address", "host_not_allowed")
    assert seen == []


async def test_runs_are_kept_and_read_as_they_were(db: Connection) -> None:
    run = advance(await load_flows(db), RunState(), TurnInput(text="x", context={"today": "2026-11-22"})).run
    inbox = await db.fetchval(
        "insert into inbox (id, code, channel, name, created_at) "
        "values (gen_random_uuid(), 'w', 'web', 'w', $1) returning id",
        NOON,
    )
    conversation: UUID = await db.fetchval(
        "insert into conversation (id, inbox_id, customer_id, created_at, last_message_at) "
        "values (gen_random_uuid(), $1, gen_random_uuid(), $2, $2) returning id",
        *(inbox, NOON),
    )
    await save_runs(db, {conversation: run}, now=NOON)
    await save_runs(db, {conversation: run}, now=NOON)
    assert await load_runs(db, [conversation]) == {conversation: run}
    await db.execute("delete from conversation where id = $1", conversation)
    assert await db.fetchval("select count(*) from flow_run") == 0
