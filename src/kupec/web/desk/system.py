"""The machinery: who is behind, what stands aside, what was given up, and what money needs a look."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from kupec import __version__
from kupec.billing import problem_payments
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _
from kupec.kit.jobs import failed_jobs, retry_job
from kupec.kit.subscribers import lag, list_set_aside, retry_now
from kupec.kit.webhooks import retry_delivery
from kupec.staff import list_staff
from kupec.web.desk.events import RetryRequested
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.sentences import code_in_words
from kupec.web.desk.timeline import subject_page
from kupec.web.forms import Form, read_form
from kupec.web.rendering import AnyRequest, site_of

LATE = 60.0  # seconds a subscriber may be behind before it is shown as late


class FailedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that could not be worked off."""

    id: UUID
    source: str
    external_id: str
    error: str | None
    attempts: int


async def failed_deliveries(db: Connection, *, limit: int = 50) -> list[FailedDelivery]:
    """The latest first."""
    rows = await db.fetch(
        "select id, source, external_id, error, attempts from webhook_delivery where state = 'failed' "
        "order by received_at desc, id desc limit $1",
        limit,
    )
    return [FailedDelivery(**dict(row)) for row in rows]


@get("/system", opt={"permission": "system.read"})
async def system(request: AnyRequest) -> Response[str]:
    reader = reader_of(request)
    async with site_of(request).database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/system.html",
            section="system",
            subscribers=await lag(db),
            late=LATE,
            aside=await list_set_aside(db),
            jobs=await failed_jobs(db),
            deliveries=await failed_deliveries(db),
            payments=await problem_payments(db),
            people=await list_staff(db),
            database=await db.fetchval("show server_version"),
            version=__version__,
            page_of=subject_page,
            code=lambda code: code_in_words(code, reader),
        )


@post("/system/retry", opt={"permission": "system.write"})
async def retry(request: AnyRequest) -> Response[Any]:
    """Have one thing tried again that was set aside or given up."""
    site, form, reader = site_of(request), await read_form(request), reader_of(request)
    what = form.text("what")
    now = site.clock.now()
    async with site.database.transaction() as db:
        found, reference = await _retry(db, what, form, now=now)
        if found:
            event = Happened(
                payload=RetryRequested(what=what, reference=reference),
                subject=f"system:{what}",
                occurred_at=now,
                channel="desk",
            )
            await emit(db, [event], actor=actor_of(request))
    if not found:
        return go(
            request, "/desk/system", failed=reader.text(_("This is not waiting any more. It may have succeeded."))
        )
    return go(request, "/desk/system", done=reader.text(_("It will be tried again in a moment.")))


async def _retry(db: Connection, what: str, form: Form, *, now: Any) -> tuple[bool, str]:
    if what == "event":
        subscriber, subject = form.text("subscriber"), form.text("subject")
        return await retry_now(db, subscriber, subject), f"{subscriber} {subject}"
    if what == "job":
        job_id = form.uuid("id")
        return await retry_job(db, job_id), str(job_id)
    if what == "webhook":
        delivery_id = form.uuid("id")
        return await retry_delivery(db, delivery_id, now), str(delivery_id)
    raise InvalidValue(field="what", expected="event, job, webhook")
