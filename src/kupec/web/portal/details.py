"""The customer's own name, language, addresses and numbers they are reached by; what they agree to."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import (
    PartyChange,
    add_contact_point,
    change_party,
    choose_contact_point,
    contact_points_of,
    prove_address,
    remove_contact_point,
    request_code,
)
from kupec.kit.errors import Conflict, KupecError, NotFound
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.web.forms import Form, read_form
from kupec.web.portal.gate import customer_of
from kupec.web.portal.page import go, my_page, say
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.security import forget_cookie, read_signed_cookie, signed_cookie
from kupec.web.storefront.shop import open_shop
from kupec.web.whence import whence

PATH = "/my/details"
PROOF_COOKIE = "kupec_my_proof"


class LastEmail(Conflict):
    """This is the last address that opens your account. Add another one first."""

    code = "last_email"


@get("/{language:str}/my/details", opt={"part": None})
async def show(request: AnyRequest) -> Response[str]:
    return await _page(request)


async def _page(
    request: AnyRequest, error: KupecError | None = None, form: Form | None = None, *, place: str = ""
) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        points = await contact_points_of(db, me.own_ids)
    proving = (read_signed_cookie(request, PROOF_COOKIE) or "").partition(":")
    return my_page(
        request,
        shop,
        "details.html",
        section="details",
        status=error.status if error else 200,
        points=points,
        proving=bytes.fromhex(proving[2]).decode() if proving[2] else "",
        name=form.text("name", most=10_000)[:300] if form and "name" in form else me.party.name,
        typed={"email": form.text("email", most=1000), "phone": form.text("phone", most=1000)} if form else {},
        errors={place or error.field or "form": say(error, shop.language)} if error else {},
    )


@post("/{language:str}/my/details", status_code=200, opt={"part": None})
async def save(request: AnyRequest) -> Response[Any]:
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    language = form.text("mail_language")
    try:
        async with site.database.transaction() as db:
            change = PartyChange(
                name=form.text("name", most=1000), language=language if language in LANGUAGES else None
            )
            await change_party(db, me.party.id, change, actor=me.actor, now=site.clock.now())
    except KupecError as error:
        return await _page(request, error, form)
    return go(request, PATH, done=_("Saved."))


@post("/{language:str}/my/details/phone", status_code=200, opt={"part": None})
async def add_phone(request: AnyRequest) -> Response[Any]:
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            shop = await open_shop(request, db)
            await add_contact_point(
                db,
                me.party.id,
                "phone",
                form.text("phone", most=1000),
                country=shop.market.home_country,
                actor=me.actor,
                now=site.clock.now(),
            )
    except KupecError as error:
        return await _page(request, error, form, place="phone")
    return go(request, PATH, done=_("The number is saved."))


@post("/{language:str}/my/details/email", status_code=200, opt={"part": None, "fresh": True})
async def add_email(request: AnyRequest) -> Response[Any]:
    """Another address: a code goes there, and only who reads it can add it."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    email = form.text("email", most=1000)
    try:
        async with site.database.transaction() as db:
            sent = await request_code(
                db,
                email,
                secret=site.settings.secret,
                language=language_of(request),
                address=whence(request)[0],
                now=site.clock.now(),
                party_id=me.party.id,
            )
    except KupecError as error:
        return await _page(request, error, form, place="email")
    away = go(request, f"{PATH}#prove", done=_("We have sent a code there. Enter it below."))
    proof = signed_cookie(site, PROOF_COOKIE, f"{sent.token}:{email.encode().hex()}", days=1)
    proof.max_age = 600
    away.cookies.append(proof)
    return away


@post("/{language:str}/my/details/email/prove", status_code=200, opt={"part": None})
async def prove(request: AnyRequest) -> Response[Any]:
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    token = (read_signed_cookie(request, PROOF_COOKIE) or "").partition(":")[0]
    try:
        await prove_address(
            site.database,
            me.party.id,
            token,
            form.text("code", most=100),
            secret=site.settings.secret,
            address=whence(request)[0],
            actor=me.actor,
            now=site.clock.now(),
        )
    except KupecError as error:
        return await _page(request, error, form, place="code")
    away = go(request, PATH, done=_("The address is yours. You can sign in with it, too."))
    away.cookies.append(forget_cookie(site, PROOF_COOKIE))
    return away


@post("/{language:str}/my/details/points/{point_id:uuid}", status_code=303, opt={"part": None, "fresh": True})
async def change_point(request: AnyRequest, point_id: FromPath[UUID]) -> Response[Any]:
    """Use it first, or remove it. The last proved address stays: without it nobody could come in."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    remove = form.text("wanted") == "remove"
    try:
        async with site.database.transaction() as db:
            await db.execute("select from party where id = $1 for no key update", me.party.id)
            known = {one.id: one for one in await contact_points_of(db, me.own_ids)}
            if point_id not in known:
                raise NotFound(what="contact point")
            proved = [one.id for one in known.values() if one.kind == "email" and one.verified_at]
            if remove and proved == [point_id]:
                raise LastEmail
            verb = remove_contact_point if remove else choose_contact_point
            await verb(db, point_id, actor=me.actor, now=site.clock.now())
    except LastEmail as error:
        return go(request, PATH, failed=say(error, language_of(request)))
    return go(request, PATH, done=_("Removed.") if remove else _("We use it first from now on."))


routes = (show, save, add_phone, add_email, prove, change_point)
