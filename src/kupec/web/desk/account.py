"""One's own account: password, second step, passkeys, and where one is signed in."""

from typing import Any
from uuid import UUID

import segno
from litestar import Response, get, post
from litestar.params import FromPath
from markupsafe import Markup

from kupec.kit.clock import outside_now
from kupec.kit.errors import KupecError
from kupec.kit.i18n import mark as _
from kupec.staff import (
    begin_app,
    change_password,
    confirm_app,
    confirm_password,
    end_other_sessions,
    new_passkey_options,
    new_recovery_codes,
    register_passkey,
    remove_app,
    remove_passkey,
    second_factors,
    sessions_of,
    two_factor_required,
)
from kupec.web.desk.gate import SESSION_COOKIE, safe_target, staff_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.desk.reader import Reader, ngettext
from kupec.web.forms import query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.whence import relying, whence

HERE = "/desk/account"
_ANYBODY = {"permission": None, "unenrolled": True}
_PROVEN = {**_ANYBODY, "confirmed": HERE}

METHODS = {
    "password": _("password"),
    "code": _("password and code"),
    "recovery_code": _("password and recovery code"),
    "passkey": _("passkey"),
}
"""How somebody signed in."""


def method_in_words(method: str, reader: Reader) -> str:
    return reader.text(METHODS[method]) if method in METHODS else method


@get("/account", opt=_ANYBODY)
async def account(request: AnyRequest) -> Response[str]:
    return await _account_page(request)


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
    message = reader_of(request).text(_("The password is changed. Sign in with the new one."))
    return go(request, "/desk/sign-in", done=message)


@post("/account/sessions/end", opt=_ANYBODY)
async def end_elsewhere(request: AnyRequest) -> Response[Any]:
    site, me, reader = site_of(request), staff_of(request), reader_of(request)
    async with site.database.transaction() as db:
        ended = await end_other_sessions(
            db, me.id, request.cookies[SESSION_COOKIE], actor=me.actor, now=site.clock.now()
        )
    return go(
        request, HERE, done=reader.count(*ngettext("Signed out in {n} place.", "Signed out in {n} places."), ended)
    )


@get("/account/confirm", opt=_ANYBODY)
async def confirm_page(request: AnyRequest) -> Response[str]:
    return await _confirm_page(request, safe_target(query_form(request).text("next", most=2000)))


@post("/account/confirm", opt=_ANYBODY)
async def confirm(request: AnyRequest) -> Response[Any]:
    """The password once more, before what guards the account may be changed."""
    site, form, me = site_of(request), await read_form(request), staff_of(request)
    target = safe_target(form.text("next", most=2000))
    try:
        await confirm_password(
            site.database,
            request.cookies[SESSION_COOKIE],
            me,
            form.text("password", most=1000),
            address=whence(request)[0],
            now=site.clock.now(),
        )
    except KupecError as error:
        return await _confirm_page(request, target, error)
    return go(request, target)


@get("/account/app", opt=_PROVEN)
async def app_page(request: AnyRequest) -> Response[Any]:
    return await _app_page(request)


@post("/account/app", opt=_PROVEN)
async def enrol_app(request: AnyRequest) -> Response[Any]:
    """A code shows that the app has the secret: from now on it is asked for."""
    site, form, me = site_of(request), await read_form(request), staff_of(request)
    try:
        async with site.database.transaction() as db:
            codes = await confirm_app(
                db,
                me.id,
                form.text("code"),
                secret=site.settings.secret,
                actor=me.actor,
                now=site.clock.now(),
                outside=outside_now(site.clock),
            )
    except KupecError as error:
        return await _app_page(request, error)
    return await _done(request, _("The app is set up. Its code is asked for from the next sign-in on."), codes)


@post("/account/app/remove", opt=_PROVEN)
async def drop_app(request: AnyRequest) -> Response[Any]:
    site, me = site_of(request), staff_of(request)
    try:
        async with site.database.transaction() as db:
            await remove_app(db, me.id, actor=me.actor, now=site.clock.now())
    except KupecError as error:
        return go(request, HERE, failed=in_words(error, me.language))
    return go(request, HERE, done=reader_of(request).text(_("The app is no longer asked for.")))


@post("/account/codes", opt=_PROVEN)
async def fresh_codes(request: AnyRequest) -> Response[Any]:
    site, me = site_of(request), staff_of(request)
    async with site.database.transaction() as db:
        if not (await second_factors(db, me.id)).any:
            return go(request, HERE)
        codes = await new_recovery_codes(db, me.id, actor=me.actor, now=site.clock.now())
    return await _done(request, "", codes)


@post("/account/passkeys/options", opt=_PROVEN)
async def new_passkey(request: AnyRequest) -> Response[str]:
    """What the browser is to ask for to make a passkey."""
    site, me = site_of(request), staff_of(request)
    async with site.database.transaction(quiet=True) as db:
        options = await new_passkey_options(db, me, relying=relying(site.settings), now=site.clock.now())
    return Response(options, media_type="application/json", headers={"Cache-Control": "no-store"}, status_code=200)


@post("/account/passkeys", opt=_PROVEN)
async def add_passkey(request: AnyRequest) -> Response[Any]:
    site, form, me = site_of(request), await read_form(request), staff_of(request)
    try:
        codes = await register_passkey(
            site.database,
            me,
            form.text("credential", most=50_000),
            form.text("name", most=1000) or whence(request)[1],
            relying=relying(site.settings),
            now=site.clock.now(),
        )
    except KupecError as error:
        return await _account_page(request, {"passkey.name": in_words(error, language_of(request))}, error.status)
    return await _done(request, _("The passkey is registered. You can sign in with it."), codes)


@post("/account/passkeys/{passkey_id:uuid}/remove", opt=_PROVEN)
async def drop_passkey(request: AnyRequest, passkey_id: FromPath[UUID]) -> Response[Any]:
    site, me = site_of(request), staff_of(request)
    try:
        async with site.database.transaction() as db:
            await remove_passkey(db, me.id, passkey_id, actor=me.actor, now=site.clock.now())
    except KupecError as error:
        return go(request, HERE, failed=in_words(error, me.language))
    return go(request, HERE, done=reader_of(request).text(_("The passkey is removed.")))


async def _done(request: AnyRequest, message: str, codes: list[str]) -> Response[Any]:
    """Back to the account, or first to the recovery codes, which are shown this once."""
    said = reader_of(request).text(message) if message else ""
    if not codes:
        return go(request, HERE, done=said)
    async with site_of(request).database.reading() as db:
        return await desk_page(request, db, "desk/recovery_codes.html", section="account", codes=codes, said=said)


async def _account_page(request: AnyRequest, errors: dict[str, str] | None = None, status: int = 200) -> Response[str]:
    site, me, reader = site_of(request), staff_of(request), reader_of(request)
    async with site.database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/account.html",
            section="account",
            status=status,
            errors=errors or {},
            since=reader.moment(me.created_at),
            factors=await second_factors(db, me.id),
            required=await two_factor_required(db),
            sessions=await sessions_of(db, me.id, request.cookies[SESSION_COOKIE], site.clock.now()),
            method=lambda key: method_in_words(key, reader),
        )


async def _confirm_page(request: AnyRequest, target: str, error: KupecError | None = None) -> Response[str]:
    errors = {"confirm.password": in_words(error, language_of(request))} if error else {}
    async with site_of(request).database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/confirm.html",
            section="account",
            status=error.status if error else 200,
            errors=errors,
            target=target,
        )


async def _app_page(request: AnyRequest, error: KupecError | None = None) -> Response[Any]:
    site, me = site_of(request), staff_of(request)
    try:
        async with site.database.transaction(quiet=True) as db:
            enrolment = await begin_app(
                db, me, issuer=site.settings.shop_name, secret=site.settings.secret, now=site.clock.now()
            )
    except KupecError as refused:
        return go(request, HERE, failed=in_words(refused, me.language))
    drawn = segno.make(enrolment.uri, micro=False).svg_inline(scale=5, border=3, dark="#000", light="#fff")
    async with site.database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/app.html",
            section="account",
            status=error.status if error else 200,
            errors={"app.code": in_words(error, language_of(request))} if error else {},
            secret=" ".join(enrolment.secret[at : at + 4] for at in range(0, len(enrolment.secret), 4)),
            qr=Markup(drawn),  # noqa: S704  drawn by segno from our own address
        )
