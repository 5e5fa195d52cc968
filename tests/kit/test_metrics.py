"""Figures that tell whether the shop is keeping up."""

from datetime import UTC, datetime

from kupec.kit import metrics
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.due import Due
from kupec.kit.events import Event, Happened, Payload, emit
from kupec.kit.jobs import enqueue
from kupec.kit.subscribers import Subscriber, register
from kupec.kit.webhooks import store

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Noted(Payload, frozen=True, kw_only=True):
    name = "test.noted"


async def _ignore(db: Connection, events: list[Event]) -> None:
    """For subscribers that are never run."""


def shown(name: str) -> dict[str, float]:
    """The samples of one metric, as they stand on the page."""
    found = {}
    for line in metrics.render().decode().splitlines():
        if line.startswith((f"{name} ", f"{name}{{")):
            sample, _, value = line.rpartition(" ")
            found[sample.removeprefix(name)] = float(value)
    return found


async def test_figures_from_the_database(db: Connection) -> None:
    await register(db, [Subscriber(name=name, handle=_ignore, start="beginning") for name in ("mails", "kpis")])
    await emit(db, [Happened(payload=Noted(), subject="n:1", occurred_at=NOW)] * 3, actor=system("test"))
    await db.execute("update event set recorded_at = recorded_at - interval '10 seconds'")
    await db.execute("update subscriber set xid = '9000000000000' where name = 'kpis'")
    await db.execute(
        "insert into event_set_aside (subscriber, event_id, subject, error) select 'kpis', id, subject, 'x' from event"
    )
    await enqueue(db, [("send", {}), ("send", {}), ("print", {})], execute_after=NOW)
    await db.execute("update job set state = 'failed' where name = 'print'")
    await db.execute("update job set created_at = clock_timestamp() - interval '1 hour' where name = 'send'")
    await store(db, source="card", external_id="1", headers={}, body=b"", now=NOW)

    await metrics.collect(db)

    assert shown("kupec_subscriber_unread") == {'{subscriber="kpis"}': 0, '{subscriber="mails"}': 3}
    lag = shown("kupec_subscriber_lag_seconds")
    assert lag['{subscriber="kpis"}'] == 0
    assert 10 <= lag['{subscriber="mails"}'] < 60
    assert shown("kupec_events_set_aside") == {'{subscriber="kpis"}': 3, '{subscriber="mails"}': 0}
    assert shown("kupec_jobs") == {'{job="print",state="failed"}': 1, '{job="send",state="waiting"}': 2}
    assert 3600 <= shown("kupec_jobs_overdue_seconds")[""] < 3700
    assert shown("kupec_webhooks") == {'{state="received"}': 1}


async def test_rows_that_are_due(db: Connection) -> None:
    async def verb(db: Connection, now: datetime, limit: int) -> int:
        raise AssertionError("only asked how many wait")

    async def waiting(db: Connection, now: datetime) -> int:
        count: int = await db.fetchval("select count(*) from webhook_delivery where next_try_at <= $1", now)
        return count

    for number in range(2):
        await store(db, source="card", external_id=str(number), headers={}, body=b"", now=NOW)
    await metrics.collect(
        db, dues=[Due(name="webhooks", verb=verb, waiting=waiting), Due(name="x", verb=verb)], now=NOW
    )
    assert shown("kupec_due_backlog") == {'{due="webhooks"}': 2}


async def test_what_is_gone_is_no_longer_shown(db: Connection) -> None:
    await enqueue(db, [("send", {})])
    await metrics.collect(db)
    await db.execute("delete from job")
    await metrics.collect(db)
    assert shown("kupec_jobs") == {}


async def test_mails_that_did_not_leave(db: Connection) -> None:
    for number, state in enumerate(("queued", "queued", "failed", "sent")):
        await db.execute(
            "insert into mail (id, kind, subject_ref, history, language, to_address, title, html, text, state, "
            "created_at) values (gen_random_uuid(), 'test', $1, $1, 'cs', 'a@example.com', 't', '', '', $2, $3)",
            *(str(number), state, NOW),
        )
    await metrics.collect(db)
    assert shown("kupec_mails") == {'{state="failed"}': 1, '{state="queued"}': 2}


def test_requests_are_counted_by_route() -> None:
    labels = '{method="GET",route="/test/{number}",status="200"}'
    before = shown("kupec_http_requests_total").get(labels, 0)
    metrics.observe_request("GET", "/test/{number}", 200, 0.004)
    metrics.observe_request("GET", "/test/{number}", 200, 3.0)
    assert shown("kupec_http_requests_total")[labels] == before + 2
    buckets = shown("kupec_http_seconds_bucket")
    assert buckets['{le="0.005",method="GET",route="/test/{number}"}'] == 1
    assert buckets['{le="5.0",method="GET",route="/test/{number}"}'] == 2
