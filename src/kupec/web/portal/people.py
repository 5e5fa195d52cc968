"""Who acts for an organisation, and as what; asking somebody to, and one's own answer."""

from typing import Any, cast
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import (
    ROLES,
    Invitation,
    Role,
    invitations_of,
    invite_to_role,
    key_persons,
    take_invitation,
    take_role,
    withdraw_invitation,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.outreach import Sender, send_message
from kupec.web.forms import Form, read_form
from kupec.web.portal.gate import customer_of
from kupec.web.portal.page import go, my_page, say
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.storefront.shop import open_shop

PATH = "/my/people"
ROLE_WORDS = {"buyer": _("buyer"), "approver": _("approver"), "accountant": _("accountant")}
MAY = {
    "buyer": _("orders, returns, standing orders, addresses"),
    "approver": _("approves orders, says who may act for you"),
    "accountant": _("invoices, statement, cards"),
}


@get("/{language:str}/my/people", opt={"part": "people"})
async def show(request: AnyRequest) -> Response[str]:
    return await _page(request)


async def _page(request: AnyRequest, form: Form | None = None, error: InvalidValue | None = None) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        people = await key_persons(db, me.account.id)
        waiting = await invitations_of(db, me.account.id, now=site.clock.now())
    by_person: dict[UUID, list[Any]] = {}
    for one in people:
        by_person.setdefault(one.person_id, []).append(one)
    return my_page(
        request,
        shop,
        "people.html",
        section="people",
        status=error.status if error else 200,
        people=list(by_person.values()),
        waiting=waiting,
        roles=ROLES,
        role_words=ROLE_WORDS,
        may_words=MAY,
        values={"email": form.text("email", most=1000) if form else "", "role": form.text("role") if form else "buyer"},
        errors={error.field or "email": say(error, shop.language)} if error else {},
    )


@post("/{language:str}/my/people", status_code=200, opt={"part": "people"})
async def invite(request: AnyRequest) -> Response[Any]:
    """Ask somebody by mail. Whether we know the address is told to nobody."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            asked = await invite_to_role(
                db,
                me.account.id,
                form.text("email", most=1000),
                cast(Role, form.text("role")),
                actor=me.actor,
                now=site.clock.now(),
            )
            await write_invitation(request, db, asked, me.account.language, by=str(me.actor))
    except InvalidValue as error:
        return await _page(request, form, error)
    return go(request, PATH, done=_("The invitation is on its way. It holds for two weeks."))


async def write_invitation(request: AnyRequest, db: Connection, asked: Invitation, language: str, *, by: str) -> None:
    """The mail that tells of it; it proves nothing, signing in does."""
    site = site_of(request)
    settings = site.settings
    sender = Sender(
        name=settings.shop_name, email=settings.shop_email, base_url=settings.base_url, secret=settings.secret
    )
    await send_message(
        db,
        template="role_invitation",
        party_id=None,
        about=f"invitation:{asked.id}",
        reason=f"{by}",
        values={"organisation": asked.organisation, "link:account": f"/{language}/my"},
        now=site.clock.now(),
        sender=sender,
        to=asked.email,
        language=language,
        history=f"customer:{asked.organisation_id}",
    )


@post("/{language:str}/my/people/{person_id:uuid}/remove", status_code=303, opt={"part": "people"})
async def remove(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Any]:
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    async with site.database.transaction() as db:
        if person_id not in {one.person_id for one in await key_persons(db, me.account.id)}:
            raise NotFound(what="person")
        await take_role(
            db, me.account.id, person_id, cast(Role, form.text("role")), actor=me.actor, now=site.clock.now()
        )
    # Who takes their own right to be here away is led where they still may be.
    return go(request, "/my" if person_id == me.party.id else PATH, done=_("They may not any more."))


@post("/{language:str}/my/people/invitations/{invitation_id:uuid}/withdraw", status_code=303, opt={"part": "people"})
async def take_back(request: AnyRequest, invitation_id: FromPath[UUID]) -> Response[Any]:
    site, me = site_of(request), customer_of(request)
    async with site.database.transaction() as db:
        await withdraw_invitation(db, me.account.id, invitation_id, actor=me.actor, now=site.clock.now())
    return go(request, PATH, done=_("The invitation is taken back."))


@post("/{language:str}/my/invitations/{invitation_id:uuid}", status_code=303, opt={"part": None})
async def answer(request: AnyRequest, invitation_id: FromPath[UUID]) -> Response[Any]:
    """Yes or no to being somebody in an organisation."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    yes = form.text("answer") == "yes"
    async with site.database.transaction() as db:
        await take_invitation(db, me.own_ids, invitation_id, yes=yes, actor=me.actor, now=site.clock.now())
    said = _("You may act for them now: choose for whom you buy.") if yes else _("The invitation is declined.")
    return go(request, "/my", done=said)


routes = (show, invite, remove, take_back, answer)
