"""Overdue invoices on account: how far dunning has come with each, and holding it back where one is disputed."""

from datetime import date
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.billing import DUNNING, overdue_invoices, pause_dunning, resume_dunning
from kupec.kit.errors import KupecError
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.web.desk.bank import order_numbers
from kupec.web.desk.catalogue import page_of
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PAGE = 100
_HERE = "/desk/finance/dunning"

EXPECTED = (
    _("a reason of at most 500 characters"),
    _("a day that is not past"),
)
"""What the verbs expect of a field, marked for the catalogues."""


@get("/finance/dunning", opt={"permission": "billing.read"})
async def overdue(request: AnyRequest) -> Response[str]:
    """Those late for longest first."""
    page = page_of(query_form(request))
    async with site_of(request).database.reading() as db:
        rows = await overdue_invoices(db, today=reader_of(request).today, limit=PAGE + 1, offset=(page - 1) * PAGE)
        shown = rows[:PAGE]
        return await desk_page(
            request,
            db,
            "desk/dunning.html",
            section="finance",
            rows=shown,
            numbers=await order_numbers(db, [row.order_id for row in shown]),
            levels=(await published(db, DUNNING))[DUNNING].levels,
            page_number=page,
            more=len(rows) > PAGE,
        )


@post("/finance/dunning/{payment_id:uuid}/pause", opt={"permission": "billing.write"})
async def pause(request: AnyRequest, payment_id: FromPath[UUID]) -> Response[Any]:
    """Somebody disputes the invoice."""
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            await pause_dunning(
                db,
                payment_id,
                reason=form.text("reason", most=500),
                until=_until(form),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        return go(request, _HERE, failed=in_words(error, language_of(request)))
    return go(request, _HERE, done=reader_of(request).text(_("Reminders about this invoice are held back.")))


def _until(form: Form) -> date | None:
    """A day that is none means: until further notice."""
    try:
        return date.fromisoformat(form.text("until", most=20))
    except ValueError:
        return None


@post("/finance/dunning/{payment_id:uuid}/resume", opt={"permission": "billing.write"})
async def resume(request: AnyRequest, payment_id: FromPath[UUID]) -> Response[Any]:
    """It is settled: dunning goes on from where it stood."""
    site = site_of(request)
    try:
        async with site.database.transaction() as db:
            await resume_dunning(db, payment_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, _HERE, failed=in_words(error, language_of(request)))
    return go(request, _HERE, done=reader_of(request).text(_("Reminders about this invoice go on.")))
