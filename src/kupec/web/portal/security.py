"""What guards the account: passkeys, a password, and where one is signed in."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import (
    add_passkey,
    drop_passkey,
    end_session,
    end_sessions,
    passkey_creation,
    remove_password,
    sessions_of,
    set_password,
    sign_in_methods,
)
from kupec.kit.errors import KupecError
from kupec.kit.i18n import mark as _
from kupec.web.forms import read_form
from kupec.web.portal.gate import customer_of
from kupec.web.portal.page import go, my_page, say
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.storefront.shop import open_shop
from kupec.web.whence import relying

PATH = "/my/security"
METHODS = {
    "code": _("by a code"),
    "link": _("by the link in a mail"),
    "passkey": _("by a passkey"),
    "password": _("by a password"),
}


@get("/{language:str}/my/security", opt={"part": None})
async def show(request: AnyRequest) -> Response[str]:
    return await _page(request)


async def _page(request: AnyRequest, error: KupecError | None = None) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        methods = await sign_in_methods(db, me.own_ids)
        sessions = await sessions_of(db, me.own_ids, mine=me.session.id, now=site.clock.now())
    return my_page(
        request,
        shop,
        "security.html",
        section="security",
        status=error.status if error else 200,
        methods=methods,
        sessions=sessions,
        method_words=METHODS,
        errors={error.field or "form": say(error, shop.language)} if error else {},
    )


@post("/{language:str}/my/security/passkeys/options", status_code=200, opt={"part": None, "fresh": True})
async def options(request: AnyRequest) -> Response[str]:
    """What the browser is to be asked for to make a passkey."""
    site, me = site_of(request), customer_of(request)
    async with site.database.transaction(quiet=True) as db:
        asked = await passkey_creation(
            db,
            me.own_ids,
            email=me.party.email or me.party.name,
            name=me.party.name,
            relying=relying(site.settings),
            now=site.clock.now(),
        )
    return Response(asked, media_type="application/json", headers={"Cache-Control": "no-store"})


@post("/{language:str}/my/security/passkeys", status_code=200, opt={"part": None, "fresh": True})
async def register(request: AnyRequest) -> Response[Any]:
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    try:
        await add_passkey(
            site.database,
            me.party.id,
            form.text("credential", most=50_000),
            form.text("name", most=100),
            relying=relying(site.settings),
            actor=me.actor,
            now=site.clock.now(),
        )
    except KupecError as error:
        return await _page(request, error)
    return go(request, PATH, done=_("The passkey is registered. Next time sign in with it."))


@post(
    "/{language:str}/my/security/passkeys/{passkey_id:uuid}/remove", status_code=303, opt={"part": None, "fresh": True}
)
async def unregister(request: AnyRequest, passkey_id: FromPath[UUID]) -> Response[Any]:
    site, me = site_of(request), customer_of(request)
    async with site.database.transaction() as db:
        await drop_passkey(db, me.own_ids, passkey_id, actor=me.actor, now=site.clock.now())
    return go(request, PATH, done=_("The passkey does not open your account any more."))


@post("/{language:str}/my/security/password", status_code=200, opt={"part": None, "fresh": True})
async def password(request: AnyRequest) -> Response[Any]:
    """Set a password, or do without one."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    if "remove" in form:
        async with site.database.transaction() as db:
            await remove_password(db, me.own_ids, actor=me.actor, now=site.clock.now())
        return go(request, PATH, done=_("There is no password any more. Come in by a code or a passkey."))
    try:
        await set_password(
            site.database,
            me.own_ids,
            form.text("password", most=1000),
            email=me.party.email or "",
            actor=me.actor,
            now=site.clock.now(),
        )
    except KupecError as error:
        return await _page(request, error)
    return go(request, PATH, done=_("The password is set."))


@post("/{language:str}/my/security/sessions/end", status_code=303, opt={"part": None})
async def end_others(request: AnyRequest) -> Response[Any]:
    """Sign out everywhere but here."""
    site, me = site_of(request), customer_of(request)
    async with site.database.transaction() as db:
        await end_sessions(db, me.own_ids, but=me.session.id, actor=me.actor, now=site.clock.now())
    return go(request, PATH, done=_("You are signed out everywhere else."))


@post("/{language:str}/my/security/sessions/{session_id:uuid}/end", status_code=303, opt={"part": None})
async def end_one(request: AnyRequest, session_id: FromPath[UUID]) -> Response[Any]:
    site, me = site_of(request), customer_of(request)
    async with site.database.transaction() as db:
        await end_session(db, me.own_ids, session_id, actor=me.actor, now=site.clock.now())
    return go(request, PATH, done=_("That session is over."))


routes = (show, options, register, unregister, password, end_others, end_one)
