"""Coming and going: the sign-in with its second step, invitations, the sign-out, one's own language."""

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.kit.clock import outside_now
from kupec.kit.errors import KupecError
from kupec.kit.i18n import LANGUAGES, explain, translate
from kupec.kit.i18n import mark as _
from kupec.staff import (
    DEMO_SIGN_INS,
    SecondStepOver,
    SignedIn,
    accept_invitation,
    finish_with_code,
    invited,
    passkey_options,
    set_language,
    sign_in,
    sign_in_with_passkey,
    sign_out,
    staff_by_token,
    waits_for_second_step,
)
from kupec.web.desk.gate import (
    SESSION_COOKIE,
    SIGN_IN,
    STEP_COOKIE,
    actor_of,
    safe_target,
    session_cookie,
    staff_of,
    step_cookie,
)
from kupec.web.desk.page import FLASH, PLACES, go, take_flash
from kupec.web.desk.words import word
from kupec.web.forms import query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, render, site_of
from kupec.web.security import forget_cookie
from kupec.web.whence import relying, whence


def _sign_in_page(
    request: AnyRequest, *, target: str, email: str = "", error: KupecError | None = None
) -> Response[str]:
    language = language_of(request)
    flash = take_flash(request)
    response = render(
        request,
        "desk/sign_in.html",
        status=error.status if error else 200,
        headers={"Cache-Control": "no-store"},
        target=target,
        email=email,
        error=explain(error, language) if error else None,
        demo=DEMO_SIGN_INS if site_of(request).settings.demo else (),
        role=lambda role: word(language, "role", role),
        flash=flash,
    )
    if flash:
        response.cookies.append(forget_cookie(site_of(request), FLASH))
    return response


def _choose_language(request: AnyRequest) -> None:
    """Before anybody is known, the address may ask for a language (`?language=pl`)."""
    wanted = query_form(request).text("language")
    if wanted in LANGUAGES:
        request.state.language = wanted


@get("/sign-in")
async def sign_in_page(request: AnyRequest) -> Response[Any]:
    site = site_of(request)
    _choose_language(request)
    target = safe_target(query_form(request).text("next", most=2000))
    async with site.database.reading() as db:
        token = request.cookies.get(SESSION_COOKIE, "")
        if token and await staff_by_token(db, token, site.clock.now()):
            return Redirect(target, status_code=303)
    return _sign_in_page(request, target=target)


@post("/sign-in")
async def signing_in(request: AnyRequest) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    _choose_language(request)
    target, email = safe_target(form.text("next", most=2000)), form.text("email", most=1000)
    address, device = whence(request)
    try:
        entered = await sign_in(
            site.database,
            email,
            form.text("password", most=1000),
            address=address,
            device=device,
            now=site.clock.now(),
        )
    except KupecError as error:
        return _sign_in_page(request, target=target, email=email, error=error)
    if isinstance(entered, SignedIn):
        return _entered(request, entered, target)
    query = urlencode({"language": language_of(request), "next": target})
    return _away(f"{SIGN_IN}/second?{query}", step_cookie(site.settings, entered.token))


@get("/sign-in/second")
async def second_step_page(request: AnyRequest) -> Response[Any]:
    _choose_language(request)
    return await _second_page(request, safe_target(query_form(request).text("next", most=2000)))


@post("/sign-in/second")
async def second_step(request: AnyRequest) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    _choose_language(request)
    target = safe_target(form.text("next", most=2000))
    address, device = whence(request)
    try:
        entered = await finish_with_code(
            site.database,
            request.cookies.get(STEP_COOKIE, ""),
            form.text("code", most=100),
            secret=site.settings.secret,
            address=address,
            device=device,
            now=site.clock.now(),
            outside=outside_now(site.clock),
        )
    except KupecError as error:
        return await _second_page(request, target, error)
    return _entered(request, entered, target)


@post("/sign-in/passkey/options")
async def passkey_challenge(request: AnyRequest) -> Response[str]:
    """What the browser is to ask the passkey for. After the password it is the second step."""
    site = site_of(request)
    token = request.cookies.get(STEP_COOKIE) if query_form(request).text("step") else None
    async with site.database.transaction(quiet=True) as db:
        options = await passkey_options(db, relying=relying(site.settings), token=token, now=site.clock.now())
    return Response(options, media_type="application/json", headers={"Cache-Control": "no-store"}, status_code=200)


@post("/sign-in/passkey")
async def passkey_sign_in(request: AnyRequest) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    _choose_language(request)
    target = safe_target(form.text("next", most=2000))
    address, device = whence(request)
    try:
        entered = await sign_in_with_passkey(
            site.database,
            form.text("credential", most=50_000),
            relying=relying(site.settings),
            address=address,
            device=device,
            now=site.clock.now(),
        )
    except KupecError as error:
        if request.cookies.get(STEP_COOKIE):
            return await _second_page(request, target, error)
        return _sign_in_page(request, target=target, error=error)
    return _entered(request, entered, target)


@get("/sign-in/invitation/{token:str}")
async def invitation(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    _choose_language(request)
    return await _invitation_page(request, token)


@post("/sign-in/invitation/{token:str}")
async def accepting(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    """Who was invited sets a password, then signs in with it."""
    site, form = site_of(request), await read_form(request)
    _choose_language(request)
    try:
        await accept_invitation(site.database, token, form.text("password", most=1000), now=site.clock.now())
    except KupecError as error:
        if error.field is None:
            raise
        return await _invitation_page(request, token, error)
    return go(request, SIGN_IN, done=translate(language_of(request), _("Your password is set. Sign in with it.")))


def _entered(request: AnyRequest, entered: SignedIn, target: str) -> Redirect:
    settings = site_of(request).settings
    return _away(target, session_cookie(settings, entered.token), step_cookie(settings, ""))


def _away(target: str, *cookies: Cookie) -> Redirect:
    return Redirect(target, status_code=303, cookies=list(cookies), headers={"Cache-Control": "no-store"})


async def _second_page(request: AnyRequest, target: str, error: KupecError | None = None) -> Response[Any]:
    site = site_of(request)
    async with site.database.reading() as db:
        factors = await waits_for_second_step(db, request.cookies.get(STEP_COOKIE, ""), site.clock.now())
    if factors is None:
        return _sign_in_page(request, target=target, error=SecondStepOver())
    return render(
        request,
        "desk/second_step.html",
        status=error.status if error else 200,
        headers={"Cache-Control": "no-store"},
        target=target,
        factors=factors,
        error=explain(error, language_of(request)) if error else None,
    )


async def _invitation_page(request: AnyRequest, token: str, error: KupecError | None = None) -> Response[Any]:
    site = site_of(request)
    async with site.database.reading() as db:
        person = await invited(db, token, site.clock.now())
    if not query_form(request).text("language"):
        request.state.language = person.language
    return render(
        request,
        "desk/invitation.html",
        status=error.status if error else 200,
        headers={"Cache-Control": "no-store"},
        person=person,
        error=explain(error, language_of(request)) if error else None,
    )


@post("/sign-out", opt={"permission": None, "unenrolled": True})
async def signing_out(request: AnyRequest) -> Response[Any]:
    site = site_of(request)
    address, device = whence(request)
    async with site.database.transaction() as db:
        await sign_out(db, request.cookies[SESSION_COOKIE], site.clock.now(), address=address, device=device)
    cookie = session_cookie(site.settings, "")
    headers = {"Cache-Control": "no-store", "Clear-Site-Data": '"cache"'}
    return Redirect("/desk/sign-in", status_code=303, cookies=[cookie], headers=headers)


@get("/", opt={"permission": None})
async def home(request: AnyRequest) -> Response[Any]:
    """The first place this person may see."""
    actor = actor_of(request)
    place = next(place for place in PLACES if actor.may(place.permission))
    return Redirect(place.href, status_code=303, headers={"Cache-Control": "no-store"})


@post("/language", opt={"permission": None, "unenrolled": True})
async def language(request: AnyRequest) -> Response[Any]:
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    async with site.database.transaction() as db:
        await set_language(db, staff_of(request).id, form.text("language"), actor=actor, now=site.clock.now())
    return go(request, safe_target(form.text("back", most=2000)))
