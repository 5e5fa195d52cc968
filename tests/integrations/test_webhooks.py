"""Webhooks out: signed, at least once under one id, repeated with pauses, shown, sent again."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from kupec.customers import list_tasks
from kupec.integrations import (
    ATTEMPTS,
    Courier,
    Endpoint,
    WebhookCall,
    change_endpoint,
    get_endpoint,
    list_deliveries,
    remove_endpoint,
    replay_delivery,
    replay_failed,
    rotate_secret,
    send_test,
    sending_job,
    subscriber,
)
from kupec.integrations.sending import PAUSES
from kupec.kit.errors import InvalidValue
from kupec.kit.jobs import Runner
from kupec.kit.subscribers import catch_up, list_set_aside
from tests.integrations.conftest import LOCAL, OWNER, Sending
from tests.integrations.receiver import Receiver, drop, elsewhere, endless, never


async def calls(sending: Sending, endpoint: Endpoint) -> list[WebhookCall]:
    async with sending.database.reading() as db:
        return await list_deliveries(db, endpoint.id)


async def now_of(sending: Sending, endpoint: Endpoint) -> Endpoint:
    async with sending.database.reading() as db:
        return await get_endpoint(db, endpoint.id)


async def switch(sending: Sending, endpoint: Endpoint, *, active: bool) -> None:
    async with sending.database.transaction() as db:
        await change_endpoint(
            db,
            endpoint.id,
            endpoint.url,
            events=endpoint.events,
            description="",
            active=active,
            reach=LOCAL,
            actor=OWNER,
            now=sending.clock.now(),
        )


async def test_an_event_arrives_signed_and_says_no_more_than_ids(sending: Sending, receiver: Receiver) -> None:
    endpoint = await sending.add(receiver.url)
    order_id = await sending.happen(reason="Jana Nová moved")
    await sending.deliver()
    (call,) = await calls(sending, endpoint)
    told = receiver.verified(endpoint.secret)
    assert told == {
        "type": "order.cancelled",
        "timestamp": "2026-03-10T11:00:00Z",
        "data": {"order_id": str(order_id), "number": "Z1", "refund": 100, "event_id": str(call.event_id)},
    }
    assert (call.state, call.attempts, call.last_status) == ("delivered", 1, 204)
    assert receiver.ids == [str(call.id)]
    assert (await now_of(sending, endpoint)).last_success_at == sending.clock.now()
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(receiver.requests[0][1] + b" ", receiver.requests[0][0])


async def test_only_what_was_asked_for_and_only_what_is_live(sending: Sending, receiver: Receiver) -> None:
    stock = await sending.add(receiver.url, events=("stock.adjusted", "price.*"))
    orders = await sending.add(receiver.url, events=("order.*",))
    await sending.happen(origin="imported")
    await sending.happen()
    await sending.deliver()
    assert await calls(sending, stock) == []
    assert [call.name for call in await calls(sending, orders)] == ["order.cancelled"]
    assert len(receiver.requests) == 1


async def test_the_log_is_read_once_also_when_it_is_read_again(sending: Sending, receiver: Receiver) -> None:
    endpoint = await sending.add(receiver.url)
    await sending.happen()
    await sending.read()
    async with sending.database.transaction() as db:
        await db.execute("update subscriber set xid = '0', id = 0 where name = 'webhooks'")
    await sending.deliver()
    assert len(await calls(sending, endpoint)) == len(receiver.requests) == 1
    async with sending.database.reading() as db:
        assert await list_set_aside(db) == []


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (500, 500, None),
        (404, 404, None),
        (drop, None, "broken_answer"),
        (never, None, "timeout"),
        (elsewhere, 302, None),
    ],
)
async def test_what_did_not_arrive_is_repeated_after_growing_pauses(
    sending: Sending, receiver: Receiver, answer: object, status: int | None, error: str | None
) -> None:
    endpoint = await sending.add(receiver.url)
    receiver.answers = [answer, 503]  # type: ignore[list-item]
    await sending.happen()
    patient = sending.runner
    if answer is never:
        sending.runner = Runner(sending.database, [sending_job(Courier(LOCAL, timeout=3.0))], clock=sending.clock)
    await sending.deliver()
    sending.runner = patient
    (call,) = await calls(sending, endpoint)
    assert (call.state, call.last_status, call.last_error) == ("waiting", status, error)
    assert call.next_attempt_at == sending.clock.now() + PAUSES[0]
    assert len(receiver.requests) == 1, "a redirect is not followed, and nothing is repeated before its time"
    sending.clock.move(PAUSES[0] - timedelta(seconds=1))
    await sending.deliver()
    assert len(receiver.requests) == 1
    sending.clock.move(timedelta(seconds=1))
    await sending.deliver()
    assert (await now_of(sending, endpoint)).state == "failing"
    sending.clock.move(PAUSES[1])
    await sending.deliver()
    (call,) = await calls(sending, endpoint)
    assert (call.state, call.attempts) == ("delivered", 3)
    assert receiver.ids == [str(call.id)] * 3
    assert (await now_of(sending, endpoint)).state == "active"


async def test_the_answer_is_kept_as_far_as_one_would_read_it(sending: Sending, receiver: Receiver) -> None:
    endpoint = await sending.add(receiver.url)
    receiver.answers = [endless, 422]
    await sending.happen()
    await sending.deliver()
    (call,) = await calls(sending, endpoint)
    assert (call.state, call.last_status, len(call.last_excerpt or "")) == ("delivered", 200, 500)
    await sending.happen()
    await sending.deliver()
    assert (await calls(sending, endpoint))[0].last_excerpt == "answer 422"


async def give_up(sending: Sending, receiver: Receiver) -> None:
    receiver.answers = [500] * ATTEMPTS
    await sending.happen()
    await sending.deliver()
    for pause in PAUSES:
        sending.clock.move(pause)
        await sending.deliver()


async def test_after_three_days_people_hear_of_it_and_send_it_again(sending: Sending, receiver: Receiver) -> None:
    assert timedelta(days=3) < sum(PAUSES, timedelta()) < timedelta(days=3.5)
    endpoint = await sending.add(receiver.url)
    began = sending.clock.now()
    await give_up(sending, receiver)
    (call,) = await calls(sending, endpoint)
    assert (call.state, call.attempts, len(receiver.requests)) == ("failed", ATTEMPTS, ATTEMPTS)
    async with sending.database.transaction() as db:
        (task,) = await list_tasks(db)
        assert (task.subject, task.details) == (f"webhook_endpoint:{endpoint.id}", {"host": "localhost"})
        assert await replay_failed(db, endpoint.id, since=began + timedelta(days=9), actor=OWNER, now=began) == 0
        assert await replay_failed(db, endpoint.id, since=call.created_at, actor=OWNER, now=sending.clock.now()) == 1
    await sending.deliver()
    (call,) = await calls(sending, endpoint)
    assert (call.state, call.attempts) == ("delivered", 1)
    assert set(receiver.ids) == {str(call.id)}


async def test_what_arrived_can_be_sent_again(sending: Sending, receiver: Receiver) -> None:
    endpoint = await sending.add(receiver.url)
    await sending.happen()
    await sending.deliver()
    async with sending.database.transaction() as db:
        call = await replay_delivery(db, UUID(receiver.ids[0]), actor=OWNER, now=sending.clock.now())
    assert call.state == "waiting"
    await sending.deliver()
    assert receiver.ids == [str(call.id)] * 2
    assert [each.state for each in await calls(sending, endpoint)] == ["delivered"]


async def test_gone_means_gone_until_a_person_says_otherwise(sending: Sending, receiver: Receiver) -> None:
    endpoint = await sending.add(receiver.url)
    receiver.answers = [410]
    await sending.happen()
    await sending.deliver()
    stopped = await now_of(sending, endpoint)
    assert (stopped.state, stopped.active, stopped.stopped) == ("stopped", False, "gone")
    async with sending.database.reading() as db:
        assert len(await list_tasks(db)) == 1
    await sending.happen()
    await sending.deliver()
    assert len(receiver.requests) == 1
    await switch(sending, endpoint, active=True)
    await sending.happen()
    await sending.deliver()
    assert len(receiver.requests) == 2


async def test_what_waits_goes_out_when_the_endpoint_is_on_again(sending: Sending, receiver: Receiver) -> None:
    endpoint = await sending.add(receiver.url)
    await sending.happen()
    await sending.read()
    await switch(sending, endpoint, active=False)
    await sending.deliver()
    assert receiver.requests == []
    await switch(sending, endpoint, active=True)
    await sending.deliver()
    assert len(receiver.requests) == 1


async def test_removed_is_removed(sending: Sending, receiver: Receiver) -> None:
    endpoint = await sending.add(receiver.url)
    await sending.happen()
    await sending.read()
    async with sending.database.transaction() as db:
        await remove_endpoint(db, endpoint.id, actor=OWNER, now=sending.clock.now())
    await sending.deliver()
    assert receiver.requests == []


async def test_one_that_fails_does_not_hold_up_the_next(sending: Sending, receiver: Receiver) -> None:
    """Out of order: the first waits for its second attempt while the later one has arrived."""
    endpoint = await sending.add(receiver.url)
    receiver.answers = [500]
    first = await sending.happen()
    await sending.deliver()
    second = await sending.happen()
    await sending.deliver()
    sending.clock.move(PAUSES[0])
    await sending.deliver()
    assert [body["data"]["order_id"] for body in receiver.bodies] == [str(first), str(second), str(first)]
    assert {call.state for call in await calls(sending, endpoint)} == {"delivered"}


async def test_a_new_secret_signs_beside_the_old_one_for_a_day(sending: Sending, receiver: Receiver) -> None:
    endpoint = await sending.add(receiver.url)
    async with sending.database.transaction() as db:
        changed = await rotate_secret(db, endpoint.id, actor=OWNER, now=sending.clock.now())
        await send_test(db, endpoint.id, actor=OWNER, now=sending.clock.now())
    assert changed.secret != endpoint.secret
    await sending.deliver()
    assert receiver.verified(endpoint.secret) == receiver.verified(changed.secret)
    assert receiver.bodies[0]["type"] == "webhook.test"
    sending.clock.move(timedelta(days=1))
    await sending.happen()
    await sending.deliver()
    assert len(receiver.requests[-1][0]["webhook-signature"].split()) == 1


async def test_a_worker_that_dies_while_sending(sending: Sending, receiver: Receiver) -> None:
    """It has been heard, but nobody has noted it: it is sent again, under the same id."""
    endpoint = await sending.add(receiver.url)
    await sending.happen()
    await sending.read()
    heard = asyncio.Event()

    async def hold(_: object) -> object:
        heard.set()
        await asyncio.sleep(60)
        raise AssertionError

    receiver.answers = [hold]  # type: ignore[list-item]
    patient = Runner(sending.database, [sending_job(Courier(LOCAL))], clock=sending.clock)
    await patient.run_once()
    await heard.wait()
    for task in patient._running.values():
        task.cancel()
    await sending.database.pool.execute("update job set lease_until = clock_timestamp() where lease is not null")
    await sending.deliver()
    (call,) = await calls(sending, endpoint)
    assert (call.state, call.attempts) == ("delivered", 2)
    assert receiver.ids == [str(call.id)] * 2


async def test_several_workers_send_each_once(sending: Sending, receiver: Receiver) -> None:
    endpoint = await sending.add(receiver.url)
    runners = [Runner(sending.database, [sending_job(Courier(LOCAL))], clock=sending.clock) for _ in range(3)]
    for _ in range(5):
        for _ in range(6):
            await sending.happen()
        await sending.read()
        await asyncio.gather(*(runner.run_until_idle() for runner in runners))
    assert len(receiver.ids) == len(set(receiver.ids)) == 30
    assert {call.state for call in await calls(sending, endpoint)} == {"delivered"}


async def test_the_position_and_the_deliveries_are_one_transaction(sending: Sending, receiver: Receiver) -> None:
    """Killed before the commit: neither; the next reader writes them."""
    endpoint = await sending.add(receiver.url)
    await sending.happen()
    broken = subscriber()

    async def die(db: asyncpg.Connection, events: object) -> None:
        await broken.handle(db, events)  # type: ignore[arg-type]
        db.terminate()
        await asyncio.sleep(0)

    dying = type(broken)(name=broken.name, handle=die)  # type: ignore[arg-type]
    with pytest.raises((asyncpg.InterfaceError, asyncpg.PostgresError, OSError)):
        await catch_up(sending.database, dying)
    assert await calls(sending, endpoint) == []
    await sending.deliver()
    assert len(receiver.requests) == 1


async def test_people_may_not_point_it_anywhere(sending: Sending) -> None:
    for url in ("", "ftp://erp.example/x", "http://erp.example/x", "https://user:pw@erp.example/", "https://"):
        with pytest.raises(InvalidValue):
            await sending.add(url)


async def test_what_is_replayed_while_it_is_being_sent_is_sent_again(sending: Sending, receiver: Receiver) -> None:
    endpoint = await sending.add(receiver.url)
    await sending.happen()
    await sending.read()
    heard, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_: web.Request) -> web.StreamResponse:
        heard.set()
        await go_on.wait()
        return web.Response(status=500)

    receiver.answers = [hold]
    patient = Runner(sending.database, [sending_job(Courier(LOCAL))], clock=sending.clock)
    working = asyncio.create_task(patient.run_until_idle())
    await heard.wait()
    async with sending.database.transaction() as db:
        await replay_delivery(db, UUID(receiver.ids[0]), actor=OWNER, now=sending.clock.now())
    go_on.set()
    await working
    await sending.deliver()
    (call,) = await calls(sending, endpoint)
    assert (call.state, call.attempts) == ("delivered", 1), "the old attempt's outcome does not count"


async def test_an_endpoint_is_worked_off_by_one_at_a_time(sending: Sending, receiver: Receiver) -> None:
    """Whoever comes meanwhile leaves it to the first, who sees what has come meanwhile."""
    endpoint = await sending.add(receiver.url)
    await sending.happen()
    await sending.read()
    heard, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_: web.Request) -> web.StreamResponse:
        heard.set()
        await go_on.wait()
        return web.Response()

    receiver.answers = [hold]
    patient = Runner(sending.database, [sending_job(Courier(LOCAL))], clock=sending.clock)
    working = asyncio.create_task(patient.run_until_idle())
    await heard.wait()
    await sending.happen()
    await sending.deliver()
    assert len(receiver.requests) == 1
    go_on.set()
    await working
    assert len(set(receiver.ids)) == len(receiver.ids) == 2
    assert {call.state for call in await calls(sending, endpoint)} == {"delivered"}
