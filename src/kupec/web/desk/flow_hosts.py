"""Other systems that flows may ask: allowed and taken away at the desk."""

from typing import Any

from litestar import Response, post

from kupec.assistant import allow_host, forget_host
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import go
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PERMISSION = "settings.write"
_FLOWS = "/desk/flows"


@post("/flow-hosts", opt={"permission": PERMISSION})
async def allow(request: AnyRequest) -> Response[Any]:
    site, form, language = site_of(request), await read_form(request), language_of(request)
    try:
        async with site.database.transaction() as db:
            await allow_host(
                db,
                form.text("host"),
                header=form.text("header", most=60),
                secret=form.text("secret", most=4000),
                key=site.settings.secret,
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except InvalidValue as error:
        expected = translate(language, str(error.details["expected"]))
        said = translate(language, _("Expected: {expected}.")).format(expected=expected)
        return go(request, _FLOWS, failed=said)
    except KupecError as error:
        return go(request, _FLOWS, failed=explain(error, language))
    return go(request, _FLOWS, done=translate(language, _("Flows may ask this host now.")))


@post("/flow-hosts/forget", opt={"permission": PERMISSION})
async def forget(request: AnyRequest) -> Response[Any]:
    site, form, language = site_of(request), await read_form(request), language_of(request)
    try:
        async with site.database.transaction() as db:
            await forget_host(db, form.text("host"), actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, _FLOWS, failed=explain(error, language))
    return go(request, _FLOWS, done=translate(language, _("Flows may not ask this host any more.")))


routes = (allow, forget)
