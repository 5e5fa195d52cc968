"""Approvals that organisations have not decided yet, as the desk sees them; a person may decide for them by phone."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import parties_by_ids
from kupec.kit.errors import KupecError
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.sales import decline_approval, waiting_approvals
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

_HERE = "/desk/finance/approvals"
_MOST = 10**11 - 1


@get("/finance/approvals", opt={"permission": "billing.read"})
async def approvals(request: AnyRequest) -> Response[str]:
    """Those that wait for longest first."""
    async with site_of(request).database.reading() as db:
        rows = await waiting_approvals(db, actor=actor_of(request))
        people = {row.organisation_id for row in rows} | {row.asked_by for row in rows if row.asked_by}
        return await desk_page(
            request,
            db,
            "desk/approvals.html",
            section="finance",
            rows=rows,
            parties=await parties_by_ids(db, sorted(people)),
        )


@post("/finance/approvals/{approval_id:uuid}/approve", opt={"permission": "billing.write"})
async def approve(request: AnyRequest, approval_id: FromPath[UUID]) -> Response[Any]:
    """Their approver has said yes on the phone: it is ordered, once."""
    site, form = site_of(request), await read_form(request)
    try:
        total = form.whole("expected_total", least=0, most=_MOST)
        done = await site.checkout.approve(approval_id, expected_total=total, actor=actor_of(request))
    except KupecError as error:
        return go(request, _HERE, failed=explain(error, language_of(request)))
    if done.state != "placed":
        return go(request, _HERE, done=reader_of(request).text(_("It is approved and will be ordered in a moment.")))
    return go(request, f"/desk/orders/{done.order_id}", done=reader_of(request).text(_("It is approved and ordered.")))


@post("/finance/approvals/{approval_id:uuid}/decline", opt={"permission": "billing.write"})
async def decline(request: AnyRequest, approval_id: FromPath[UUID]) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            note = form.text("note", most=500)
            await decline_approval(db, approval_id, note=note, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, _HERE, failed=in_words(error, language_of(request)))
    return go(request, _HERE, done=reader_of(request).text(_("It is declined; the buyer reads why.")))
