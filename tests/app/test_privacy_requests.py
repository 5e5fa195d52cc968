"""Wishes about personal data, from the asking to the file in the customer's hands, and what stands in the way."""

import json
from datetime import timedelta
from uuid import UUID

import pytest

from kupec import outreach
from kupec.app.wiring import privacy_parts
from kupec.billing import hold_store_credit, issue_store_credit
from kupec.customers import (
    AlreadyErased,
    Contact,
    add_alias,
    add_note,
    export_files,
    forget_exports,
    get_party,
    get_request,
    identify,
    list_requests,
    privacy_job,
    read_export,
    refuse_request,
    request_erasure,
    request_export,
    resume_postponed,
    try_request_again,
)
from kupec.kit.actor import Actor, customer, system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Conflict, Forbidden, InvalidValue, NotFound
from kupec.kit.events import COLUMNS, Event
from kupec.kit.ids import uuid7
from kupec.kit.jobs import Runner
from kupec.kit.sealing import SealBroken
from tests.app.planting import NOW

SECRET = "a secret of these tests"
SETUP = system("setup")
AGENT = Actor(kind="staff", id="ema", permissions=frozenset({"customers.read", "customers.write"}))
MANAGER = Actor(kind="staff", id="ota", permissions=AGENT.permissions | {"privacy.write"})


async def known(db: Connection, *names: str) -> list[UUID]:
    contacts = [Contact(email=f"{name}@example.com", name=name.title(), language="cs") for name in names]
    return await identify(db, contacts, now=NOW, actor=SETUP)


async def work_off(pool: Pool) -> FixedClock:
    clock = FixedClock(NOW)
    runner = Runner(Database(pool), [privacy_job(privacy_parts(), secret=SECRET, shop="Zrnko")], clock=clock)
    await runner.run_until_idle()
    return clock


async def news(pool: Pool, name: str) -> list[Event]:
    async with pool.acquire() as db:
        rows = await db.fetch(f"select {COLUMNS} from event where name = $1 order by id", name)
    return [Event(**dict(row)) for row in rows]


async def test_everything_is_told_in_json_and_pdf_and_fetched_by_a_link(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        eva, old = await known(db, "eva", "eva.old")
        await add_note(db, old, "volá v pondělí #heslo *tučně*", actor=AGENT, now=NOW)
        await add_alias(db, old, eva, "merged", now=NOW)
        request = await request_export(db, eva, language="cs", actor=customer(eva), now=NOW)
        again = await request_export(db, old, language="cs", actor=customer(eva), now=NOW)
        assert again == request, "one at a time"
    await work_off(pool)
    async with pool.acquire() as db:
        done = await get_request(db, request.id)
        assert done.state == "done"
        assert [file.name for file in await export_files(db, request.id)] == ["data.json", "data.pdf"]
        kind, raw = await read_export(db, SECRET, request.id, "data.json", now=NOW)
        told = json.loads(raw)["data"]
        assert kind == "application/json"
        assert {one["value"] for one in told["customers"]["contact_point"]} == {
            "eva@example.com",
            "eva.old@example.com",
        }
        assert [one["body"] for one in told["customers"]["party_note"]] == ["volá v pondělí #heslo *tučně*"]
        assert {one["name"] for one in told["log"]["event"]} >= {"customer.created", "note.added"}
        assert done.counts["customers.contact_point"] == 2
        _, pdf = await read_export(db, SECRET, request.id, "data.pdf", now=NOW)
        assert pdf.startswith(b"%PDF")
        assert b"eva@example.com" not in await db.fetchval("select string_agg(content, '') from privacy_file")
        with pytest.raises(SealBroken):
            await read_export(db, "another", request.id, "data.json", now=NOW)
    [event] = await news(pool, "privacy.exported")
    assert event.payload == {"request_id": str(request.id), "counts": done.counts}
    sender = outreach.Sender(name="Zrnko", email="s@example.com", base_url="http://shop.example", secret=SECRET)
    async with pool.acquire() as db, db.transaction():
        await outreach.privacy_subscriber(sender).handle(db, [event, event])
        [mail] = await db.fetch("select * from mail")
        assert (mail["kind"], mail["to_address"]) == ("privacy_export_ready", "eva@example.com")
        assert "http://shop.example/cs/my-data/" in mail["html"]
        assert await forget_exports(db, NOW + timedelta(days=13)) == 0
        assert await forget_exports(db, NOW + timedelta(days=14)) == 2
        with pytest.raises(NotFound):
            await read_export(db, SECRET, request.id, "data.json", now=NOW)


async def test_an_erasure_waits_until_everything_is_settled(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        [eva] = await known(db, "eva")
        credit = await issue_store_credit(
            db, amount=500, currency="CZK", reason="sorry", key="k", actor=SETUP, now=NOW, party_id=eva
        )
        request = await request_erasure(db, eva, language="cs", actor=customer(eva), now=NOW, reason="dost")
    await work_off(pool)
    async with pool.acquire() as db, db.transaction():
        waiting = await get_request(db, request.id)
        assert (waiting.state, waiting.obstacles) == ("postponed", ["store_credit"])
        assert (await get_party(db, eva)).name == "Eva"
        assert await resume_postponed(db, NOW + timedelta(hours=23)) == 0
        await hold_store_credit(db, [(credit.code, uuid7(), 500)], now=NOW)
        assert await resume_postponed(db, NOW + timedelta(hours=24)) == 1
    await work_off(pool)
    async with pool.acquire() as db:
        done = await get_request(db, request.id)
        assert (done.state, done.obstacles, done.reason) == ("done", [], "")
        party = await get_party(db, eva)
        assert (party.name, party.email) == (f"#{str(eva)[-6:]}", None)
        assert done.counts["customers.contact_point"] == 1
        with pytest.raises(AlreadyErased):
            await request_export(db, eva, language="cs", actor=customer(eva), now=NOW)
        fresh = await known(db, "eva")
        assert fresh != [eva], "the address is nobody's, and may be somebody's again"
    [event] = await news(pool, "privacy.erased")
    assert event.payload["counts"] == done.counts


async def test_who_may_ask_and_refuse(db: Connection) -> None:
    eva, petr = await known(db, "eva", "petr")
    for actor in (customer(petr), AGENT):
        with pytest.raises(Forbidden):
            await request_export(db, eva, language="cs", actor=actor, now=NOW)
        with pytest.raises(Forbidden):
            await request_erasure(db, eva, language="cs", actor=actor, now=NOW)
    request = await request_erasure(db, eva, language="cs", actor=MANAGER, now=NOW, reason="by phone")
    with pytest.raises(Forbidden):
        await refuse_request(db, request.id, "no", actor=AGENT, now=NOW)
    with pytest.raises(InvalidValue, match="reason"):
        await refuse_request(db, request.id, " ", actor=MANAGER, now=NOW)
    await refuse_request(db, request.id, "it was not her", actor=MANAGER, now=NOW)
    with pytest.raises(Conflict):
        await refuse_request(db, request.id, "again", actor=MANAGER, now=NOW)
    with pytest.raises(Conflict):
        await try_request_again(db, request.id, actor=MANAGER, now=NOW)
    assert [one.state for one in await list_requests(db, party_id=eva)] == ["refused"]
    assert (await request_erasure(db, eva, language="cs", actor=MANAGER, now=NOW)).id != request.id


async def test_a_refused_request_is_not_carried_out_by_a_job_that_waits(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        [eva] = await known(db, "eva")
        request = await request_erasure(db, eva, language="cs", actor=MANAGER, now=NOW)
        await refuse_request(db, request.id, "it was not her", actor=MANAGER, now=NOW)
    await work_off(pool)
    async with pool.acquire() as db:
        assert (await get_party(db, eva)).name == "Eva"


async def test_a_job_that_was_killed_is_carried_out_by_the_next(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        [eva] = await known(db, "eva")
        request = await request_erasure(db, eva, language="cs", actor=MANAGER, now=NOW)
        await db.execute("update privacy_request set state = 'running' where id = $1", request.id)
    await work_off(pool)
    async with pool.acquire() as db:
        assert (await get_request(db, request.id)).state == "done"
