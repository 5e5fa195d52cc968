"""Coming and going: the sign-in, the sign-out, one's own language and password."""

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from kupec.kit.errors import KupecError
from kupec.kit.i18n import LANGUAGES, explain, translate
from kupec.kit.i18n import mark as _
from kupec.staff import DEMO_SIGN_INS, change_password, set_language, sign_in, sign_out, staff_by_token
from kupec.web.desk.gate import SESSION_COOKIE, actor_of, safe_target, session_cookie, staff_of
from kupec.web.desk.page import FLASH, PLACES, desk_page, go, in_words, reader_of, take_flash
from kupec.web.desk.words import word
from kupec.web.forms import query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, render, site_of
from kupec.web.security import forget_cookie


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
    address = request.client.host if request.client else ""
    try:
        signed_in = await sign_in(
            site.database, email, form.text("password", most=1000), address=address, now=site.clock.now()
        )
    except KupecError as error:
        return _sign_in_page(request, target=target, email=email, error=error)
    cookie = session_cookie(site.settings, signed_in.token)
    return Redirect(target, status_code=303, cookies=[cookie], headers={"Cache-Control": "no-store"})


@post("/sign-out", opt={"permission": None})
async def signing_out(request: AnyRequest) -> Response[Any]:
    site = site_of(request)
    async with site.database.transaction() as db:
        await sign_out(db, request.cookies[SESSION_COOKIE], site.clock.now())
    cookie = session_cookie(site.settings, "")
    headers = {"Cache-Control": "no-store", "Clear-Site-Data": '"cache"'}
    return Redirect("/desk/sign-in", status_code=303, cookies=[cookie], headers=headers)


@get("/", opt={"permission": None})
async def home(request: AnyRequest) -> Response[Any]:
    """The first place this person may see."""
    actor = actor_of(request)
    place = next(place for place in PLACES if actor.may(place.permission))
    return Redirect(place.href, status_code=303, headers={"Cache-Control": "no-store"})


@post("/language", opt={"permission": None})
async def language(request: AnyRequest) -> Response[Any]:
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    async with site.database.transaction() as db:
        await set_language(db, staff_of(request).id, form.text("language"), actor=actor, now=site.clock.now())
    return go(request, safe_target(form.text("back", most=2000)))


@get("/account", opt={"permission": None})
async def account(request: AnyRequest) -> Response[str]:
    return await _account_page(request, {})


@post("/account/password", opt={"permission": None})
async def new_password(request: AnyRequest) -> Response[Any]:
    """One's own new password; all sessions end, so the way leads to the sign-in."""
    site, form, me = site_of(request), await read_form(request), staff_of(request)
    try:
        async with site.database.transaction() as db:
            await change_password(
                db,
                me.id,
                current=form.text("current", most=1000),
                new=form.text("password", most=1000),
                actor=me.actor,
                now=site.clock.now(),
            )
    except KupecError as error:
        field = "account." + (error.field or "password")
        return await _account_page(request, {field: in_words(error, language_of(request))}, error.status)
    message = translate(me.language, _("The password is changed. Sign in with the new one."))
    return go(request, "/desk/sign-in", done=message)


async def _account_page(request: AnyRequest, errors: dict[str, str], status: int = 200) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/account.html",
            section="account",
            status=status,
            errors=errors,
            since=reader_of(request).moment(staff_of(request).created_at),
        )
