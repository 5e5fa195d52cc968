"""What approvers of an organisation are asked, and their yes or no."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import parties_by_ids
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.i18n import mark as _
from kupec.sales import Approval, approvals_of, decline_approval, get_approval
from kupec.web.forms import read_form
from kupec.web.portal.gate import SignedInCustomer, customer_of
from kupec.web.portal.page import go, mine_or_missing, my_page, say
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.storefront.shop import open_shop

PATH = "/my/approvals"
_MOST = 10**11 - 1
STATES = {
    "asked": _("waits for you"),
    "approved": _("approved"),
    "declined": _("declined"),
    "withdrawn": _("taken back"),
    "expired": _("not answered in time"),
}


@get("/{language:str}/my/approvals", opt={"part": "approve"})
async def show(request: AnyRequest) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        found = await approvals_of(db, me.account_ids)
        people = await parties_by_ids(db, sorted({one.asked_by for one in found if one.asked_by}))
    return my_page(request, shop, "approvals.html", section="approvals", approvals=found, people=people, states=STATES)


async def approval_here(db: Connection, me: SignedInCustomer, approval_id: UUID) -> Approval:
    found = await get_approval(db, approval_id)
    mine_or_missing(found.organisation_id in me.account_ids, "approval")
    return found


@post("/{language:str}/my/approvals/{approval_id:uuid}", status_code=303, opt={"part": "approve"})
async def decide(request: AnyRequest, approval_id: FromPath[UUID]) -> Response[Any]:
    """Yes orders what was seen, once; no needs a reason."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    async with site.database.reading() as db:
        await approval_here(db, me, approval_id)
    try:
        if form.text("decision") == "decline":
            async with site.database.transaction() as db:
                await decline_approval(
                    db, approval_id, note=form.prose("note", most=500), actor=me.actor, now=site.clock.now()
                )
            return go(request, PATH, done=_("Declined. The buyer reads why."))
        seen = form.whole("expected_total", least=0, most=_MOST)
        await site.checkout.approve(approval_id, expected_total=seen, actor=me.actor)
    except KupecError as error:
        if error.status >= 500:
            raise
        return go(request, PATH, failed=say(error, language_of(request)))
    return go(request, PATH, done=_("Approved, and ordered."))


routes = (show, decide)
