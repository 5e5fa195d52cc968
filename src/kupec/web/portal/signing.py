"""Coming and going: the code by mail and its link, passkey, password, for whom one buys, the sign-out."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.customers import (
    CodeOver,
    Opened,
    Whence,
    choose_account,
    end_session,
    enter_code,
    enter_link,
    enter_with_passkey,
    enter_with_password,
    link_opens_for,
    passkey_challenge,
    request_code,
)
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError, NotFound
from kupec.kit.i18n import best_language
from kupec.web.forms import query_form, read_form
from kupec.web.portal.carts import bring_cart
from kupec.web.portal.gate import SignedInCustomer, customer_of, safe_target, session_cookie, signed_in, who_is
from kupec.web.portal.page import go, say
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.security import forget_cookie, read_signed_cookie, signed_cookie
from kupec.web.storefront.shop import CART_COOKIE, ORDER_COOKIE, open_shop
from kupec.web.storefront.shop import page as shop_page
from kupec.web.storefront.visitor import recognise
from kupec.web.whence import relying, whence

STEP_COOKIE = "kupec_my_step"
SIGN_IN = "/my/sign-in"


@get("/my")
async def root(request: AnyRequest) -> Redirect:
    """To the account in the language that the browser asks for."""
    language = best_language(request.headers.get("accept-language", ""))
    return Redirect(
        f"/{language}/my", status_code=302, headers={"Vary": "Accept-Language", "Cache-Control": "no-store"}
    )


@get("/{language:str}/my/sign-in")
async def door(request: AnyRequest) -> Response[Any]:
    asked = query_form(request)
    target = safe_target(asked.text("next", most=2000), language_of(request))
    async with site_of(request).database.reading() as db:
        if await signed_in(request, db) and not asked.text("again"):
            return Redirect(target, status_code=303, headers={"Cache-Control": "no-store"})
    return await _door(request, target=target, again=bool(asked.text("again")))


async def _door(
    request: AnyRequest,
    *,
    target: str,
    email: str = "",
    error: KupecError | None = None,
    again: bool = False,
    opened: str = "",
) -> Response[str]:
    async with site_of(request).database.reading() as db:
        shop = await open_shop(request, db)
    return shop_page(
        request,
        shop,
        "my/sign_in.html",
        status=error.status if error else 200,
        headers={"Cache-Control": "no-store"},
        alternates={language: f"/{language}{SIGN_IN}" for language in shop.markets},
        target=target,
        email=email or (shop.customer.party.email or "" if shop.customer else ""),
        again=again,
        errors={_field(error): say(error, shop.language)} if error else {},
        opened=opened,
    )


def _field(error: KupecError) -> str:
    return error.field if error.field in ("email", "password", "code") else "form"


@post("/{language:str}/my/sign-in", status_code=200)
async def asking(request: AnyRequest) -> Response[Any]:
    """Have a code mailed. Whether anybody has this address is neither asked nor told."""
    site, form = site_of(request), await read_form(request)
    language = language_of(request)
    target, email = safe_target(form.text("next", most=2000), language), form.text("email", most=1000)
    try:
        async with site.database.transaction() as db:
            sent = await request_code(
                db,
                email,
                secret=site.settings.secret,
                language=language,
                address=whence(request)[0],
                now=site.clock.now(),
            )
    except KupecError as error:
        return await _door(request, target=target, email=email, error=error)
    step = signed_cookie(site, STEP_COOKIE, f"{sent.token}:{email.encode().hex()}:{target.encode().hex()}", days=1)
    step.max_age = 600
    return Redirect(
        f"/{language}{SIGN_IN}/code", status_code=303, cookies=[step], headers={"Cache-Control": "no-store"}
    )


def _step(request: AnyRequest) -> tuple[str, str, str] | None:
    """The token, the address and the target that this browser keeps between the two steps."""
    parts = (read_signed_cookie(request, STEP_COOKIE) or "").split(":")
    if len(parts) != 3:
        return None
    return parts[0], bytes.fromhex(parts[1]).decode(), bytes.fromhex(parts[2]).decode()


@get("/{language:str}/my/sign-in/code")
async def code_page(request: AnyRequest) -> Response[Any]:
    return await _code_page(request)


async def _code_page(request: AnyRequest, error: KupecError | None = None) -> Response[Any]:
    kept = _step(request)
    if kept is None:
        return go(request, SIGN_IN)
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
    return shop_page(
        request,
        shop,
        "my/sign_in_code.html",
        status=error.status if error else 200,
        headers={"Cache-Control": "no-store"},
        email=kept[1],
        target=kept[2],
        errors={_field(error): say(error, shop.language)} if error else {},
    )


@post("/{language:str}/my/sign-in/code", status_code=200)
async def entering(request: AnyRequest) -> Response[Any]:
    site, form, kept = site_of(request), await read_form(request), _step(request)
    if kept is None:
        return go(request, SIGN_IN)
    try:
        opened = await enter_code(
            site.database,
            kept[0],
            form.text("code", most=100),
            secret=site.settings.secret,
            language=language_of(request),
            whence=_whence(request),
            now=site.clock.now(),
        )
    except CodeOver as error:
        return await _door(request, target=safe_target(kept[2], language_of(request)), email=kept[1], error=error)
    except KupecError as error:
        return await _code_page(request, error)
    return await _entered(request, opened, safe_target(kept[2], language_of(request)))


@get("/{language:str}/my/sign-in/link/{token:str}")
async def link_page(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    """Looking uses nothing up: mail programs open links by themselves. Whose account it opens stands on the page."""
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        try:
            email = await link_opens_for(db, token, now=site.clock.now())
        except CodeOver as error:
            return await _door(request, target=f"/{shop.language}/my", error=error)
    return shop_page(
        request,
        shop,
        "my/sign_in_link.html",
        headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
        alternates={},
        email=email,
        token=token,
    )


@post("/{language:str}/my/sign-in/link/{token:str}", status_code=200)
async def following(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    site, language = site_of(request), language_of(request)
    try:
        opened = await enter_link(
            site.database, token, language=language, whence=_whence(request), now=site.clock.now()
        )
    except KupecError as error:
        return await _door(request, target=f"/{language}/my", error=error)
    return await _entered(request, opened, f"/{language}/my")


@post("/{language:str}/my/sign-in/password", status_code=200)
async def by_password(request: AnyRequest) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    target, email = safe_target(form.text("next", most=2000), language_of(request)), form.text("email", most=1000)
    try:
        opened = await enter_with_password(
            site.database, email, form.text("password", most=1000), whence=_whence(request), now=site.clock.now()
        )
    except KupecError as error:
        return await _door(request, target=target, email=email, error=error, opened="password")
    return await _entered(request, opened, target)


@post("/{language:str}/my/sign-in/passkey/options", status_code=200)
async def passkey_options(request: AnyRequest) -> Response[str]:
    """What the browser is to ask its passkeys for."""
    site = site_of(request)
    async with site.database.transaction(quiet=True) as db:
        options = await passkey_challenge(db, relying=relying(site.settings), now=site.clock.now())
    return Response(options, media_type="application/json", headers={"Cache-Control": "no-store"})


@post("/{language:str}/my/sign-in/passkey", status_code=200)
async def by_passkey(request: AnyRequest) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    target = safe_target(form.text("next", most=2000), language_of(request))
    try:
        opened = await enter_with_passkey(
            site.database,
            form.text("credential", most=50_000),
            relying=relying(site.settings),
            whence=_whence(request),
            now=site.clock.now(),
        )
    except KupecError as error:
        return await _door(request, target=target, error=error)
    return await _entered(request, opened, target)


def _whence(request: AnyRequest) -> Whence:
    address, device = whence(request)
    return Whence(kind="browser", address=address, device=device)


async def _entered(request: AnyRequest, opened: Opened, target: str) -> Redirect:
    """A fresh session, never one that the browser brought; its cart becomes the customer's."""
    site = site_of(request)
    seen = await recognise(request, opened.session.party_id)
    async with site.database.transaction() as db:
        me = await who_is(db, opened.session)
        return await _away(request, db, me, target, session_cookie(site.settings, opened.token), *seen)


async def _away(request: AnyRequest, db: Connection, me: SignedInCustomer, target: str, *cookies: Cookie) -> Redirect:
    shop = await open_shop(request, db)
    cart = await bring_cart(request, db, shop, me)
    given = [*cookies, forget_cookie(site_of(request), STEP_COOKIE), *([cart] if cart else [])]
    return Redirect(target, status_code=303, cookies=given, headers={"Cache-Control": "no-store"})


@post("/{language:str}/my/account", status_code=303, opt={"part": None})
async def choosing(request: AnyRequest) -> Redirect:
    """From now on this browser buys for oneself, or for an organisation in which one has a role."""
    site, form, me = site_of(request), await read_form(request), customer_of(request)
    wanted = form.uuid("account")
    if wanted != me.party.id and wanted not in {one.id for one in me.organisations}:
        raise NotFound(what="customer")
    target = safe_target(form.text("back", most=2000), language_of(request))
    organisation = None if wanted == me.party.id else wanted
    async with site.database.transaction() as db:
        await choose_account(db, me.session, organisation)
        now_for = await who_is(db, msgspec.structs.replace(me.session, buys_for=organisation))
        return await _away(request, db, now_for, target)


@post("/{language:str}/my/sign-out", status_code=303, opt={"part": None})
async def leaving(request: AnyRequest) -> Redirect:
    """The browser forgets the customer; their cart waits for them."""
    site, me = site_of(request), customer_of(request)
    async with site.database.transaction() as db:
        await end_session(db, me.own_ids, me.session.id, actor=me.actor, now=site.clock.now())
    away = go(request, "")
    away.cookies = [
        session_cookie(site.settings, ""),
        forget_cookie(site, CART_COOKIE),
        forget_cookie(site, ORDER_COOKIE),
    ]
    away.headers["Clear-Site-Data"] = '"cache"'
    return away


at_the_door = (
    root,
    door,
    asking,
    code_page,
    entering,
    link_page,
    following,
    by_password,
    passkey_options,
    by_passkey,
)
inside = (choosing, leaving)
