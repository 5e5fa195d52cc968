"""Metrics in a registry of our own, shown at /metrics.

Every process counts for itself: with several web processes behind one port a scrape sees one of them, so let the
scraper ask each (or set one web worker a container). What is read from the database (`collect`) is the same
whichever process answers.
"""

from collections.abc import Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from kupec.kit.db import Connection
from kupec.kit.due import Due
from kupec.kit.subscribers import lag

registry = CollectorRegistry()

http_requests = Counter(
    "kupec_http_requests", "HTTP requests answered.", ["method", "route", "status"], registry=registry
)
http_seconds = Histogram(
    "kupec_http_seconds",
    "Time to answer an HTTP request, by route template.",
    ["method", "route"],
    registry=registry,
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
loop_failures = Counter("kupec_loop_failures", "Times a loop of the worker failed.", ["loop"], registry=registry)

job_attempts = Counter(
    "kupec_job_attempts", "Attempts of jobs by outcome: done, retried, failed.", ["job", "outcome"], registry=registry
)

subscriber_lag = Gauge(
    "kupec_subscriber_lag_seconds", "Age of the oldest event not passed.", ["subscriber"], registry=registry
)
subscriber_unread = Gauge(
    "kupec_subscriber_unread", "Events not passed, up to 10,000.", ["subscriber"], registry=registry
)
set_aside = Gauge("kupec_events_set_aside", "Events set aside.", ["subscriber"], registry=registry)
jobs = Gauge("kupec_jobs", "Jobs by name and state.", ["job", "state"], registry=registry)
jobs_overdue = Gauge("kupec_jobs_overdue_seconds", "How long the oldest waiting job is overdue.", registry=registry)
due_backlog = Gauge("kupec_due_backlog", "Rows due and not yet worked off.", ["due"], registry=registry)
webhooks = Gauge("kupec_webhooks", "Webhook deliveries that are not processed, by state.", ["state"], registry=registry)
mails = Gauge("kupec_mails", "Mails that are not sent, by state.", ["state"], registry=registry)

_MAIL_TABLE = "select to_regclass('mail') is not null"


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answered request; `route` is its template ("/desk/orders/{number}"), never the address itself."""
    http_requests.labels(method, route, str(status)).inc()
    http_seconds.labels(method, route).observe(seconds)


async def collect(db: Connection, *, dues: Sequence[Due] = (), now: datetime | None = None) -> None:
    """Read the gauges that come from the database; the backlog of `dues` only if `now` is given."""
    subscriber_lag.clear()
    subscriber_unread.clear()
    set_aside.clear()
    for behind in await lag(db):
        subscriber_lag.labels(behind.subscriber).set(behind.seconds)
        subscriber_unread.labels(behind.subscriber).set(behind.unread)
        set_aside.labels(behind.subscriber).set(0)
    for row in await db.fetch("select subscriber, count(*) as n from event_set_aside group by 1"):
        set_aside.labels(row["subscriber"]).set(row["n"])
    jobs.clear()
    for row in await db.fetch("select name, state, count(*) as n from job group by 1, 2"):
        jobs.labels(row["name"], row["state"]).set(row["n"])
    jobs_overdue.set(
        await db.fetchval(
            "select coalesce(extract(epoch from clock_timestamp() - min(greatest(due_at, created_at))), 0)::float8 "
            "from job where state = 'waiting' and due_at < clock_timestamp()"
        )
    )
    for due in dues:
        if due.waiting is not None and now is not None:
            due_backlog.labels(due.name).set(await due.waiting(db, now))
    await _by_state(
        db, webhooks, "select state, count(*) as n from webhook_delivery where state <> 'processed' group by 1"
    )
    if await db.fetchval(_MAIL_TABLE):
        await _by_state(db, mails, "select state, count(*) as n from mail where state <> 'sent' group by 1")


async def _by_state(db: Connection, gauge: Gauge, query: str) -> None:
    gauge.clear()
    for row in await db.fetch(query):
        gauge.labels(row["state"]).set(row["n"])


def render() -> bytes:
    """The registry in Prometheus' text format."""
    return generate_latest(registry)
