"""How an app gets its token: a code by mail, a password, a passkey. The same answer for every address."""

from typing import Any

import msgspec
from litestar import Response, post

from kupec.customers import (
    Opened,
    Whence,
    enter_code,
    enter_with_passkey,
    enter_with_password,
    passkey_challenge,
    request_code,
)
from kupec.web.api.handling import read
from kupec.web.my_api import bodies as b
from kupec.web.my_api.calls import ROOT, respond
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.whence import relying, whence

_ask = msgspec.json.Decoder(b.AskCode)
_code = msgspec.json.Decoder(b.EnterCode)
_password = msgspec.json.Decoder(b.EnterPassword)
_passkey = msgspec.json.Decoder(b.EnterPasskey)


def _whence(request: AnyRequest, name: str) -> Whence:
    address, device = whence(request)
    return Whence(kind="app", address=address, device=device, name=name)


def _opened(opened: Opened) -> Response[bytes]:
    out = b.TokenOut(token=opened.token, expires_at=opened.session.expires_at)
    return respond(msgspec.json.encode(out))


@post(f"{ROOT}/sign-in/code", status_code=200)
async def ask(request: AnyRequest) -> Response[bytes]:
    """Have a code mailed."""
    site, wanted = site_of(request), await read(request, _ask)
    async with site.database.transaction() as db:
        sent = await request_code(
            db,
            wanted.email,
            secret=site.settings.secret,
            language=wanted.language,
            address=whence(request)[0],
            now=site.clock.now(),
        )
    return respond(msgspec.json.encode(b.CodeAsked(token=sent.token, expires_at=sent.expires_at)))


@post(f"{ROOT}/sign-in/code/enter", status_code=200)
async def by_code(request: AnyRequest) -> Response[bytes]:
    """The code for a token."""
    site, wanted = site_of(request), await read(request, _code)
    opened = await enter_code(
        site.database,
        wanted.token,
        wanted.code,
        secret=site.settings.secret,
        language=wanted.language,
        whence=_whence(request, wanted.device),
        now=site.clock.now(),
    )
    return _opened(opened)


@post(f"{ROOT}/sign-in/password", status_code=200)
async def by_password(request: AnyRequest) -> Response[bytes]:
    """An address and a password for a token."""
    site, wanted = site_of(request), await read(request, _password)
    whence_ = _whence(request, wanted.device)
    return _opened(
        await enter_with_password(site.database, wanted.email, wanted.password, whence=whence_, now=site.clock.now())
    )


@post(f"{ROOT}/sign-in/passkey/options", status_code=200)
async def passkey_options(request: AnyRequest) -> Response[bytes]:
    """What the authenticator is to be asked for."""
    site = site_of(request)
    async with site.database.transaction(quiet=True) as db:
        options = await passkey_challenge(db, relying=relying(site.settings), now=site.clock.now())
    return respond(options.encode())


@post(f"{ROOT}/sign-in/passkey", status_code=200)
async def by_passkey(request: AnyRequest) -> Response[bytes]:
    """A passkey's answer for a token."""
    site, wanted = site_of(request), await read(request, _passkey)
    opened = await enter_with_passkey(
        site.database,
        wanted.credential,
        relying=relying(site.settings),
        whence=_whence(request, wanted.device),
        now=site.clock.now(),
    )
    return _opened(opened)


routes: tuple[Any, ...] = (ask, by_code, by_password, passkey_options, by_passkey)
