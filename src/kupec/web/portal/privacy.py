"""Everything we know about the customer, to take along; and being forgotten."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import (
    Proof,
    export_files,
    list_requests,
    read_export,
    request_erasure,
    request_export,
)
from kupec.kit.errors import KupecError
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.web.consent_form import HOWS, KINDS, consent_view, save_choices
from kupec.web.forms import read_form
from kupec.web.portal.gate import customer_of
from kupec.web.portal.page import go, mine_or_missing, my_page, say
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.storefront.shop import open_shop

PATH = "/my/privacy"
STATES = {
    "asked": _("we are at it"),
    "running": _("we are at it"),
    "postponed": _("it waits until what is open is settled"),
    "done": _("done"),
    "failed": _("we are looking into it"),
    "refused": _("refused"),
}


@get("/{language:str}/my/privacy", opt={"part": None})
async def show(request: AnyRequest) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    now = site.clock.now()
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        view = await consent_view(db, me.party.id, language=shop.language, now=now, everything=True)
        wishes = await list_requests(db, party_id=me.party.id, limit=10)
        files = {
            one.id: [file for file in await export_files(db, one.id) if file.until > now]
            for one in wishes
            if one.kind == "export"
        }
    return my_page(
        request,
        shop,
        "privacy.html",
        section="privacy",
        view=view,
        wishes=wishes,
        files=files,
        states=STATES,
        hows={code: translate(shop.language, text) for code, text in HOWS.items()},
        kinds={code: translate(shop.language, text) for code, text in KINDS.items()},
    )


@post("/{language:str}/my/privacy", status_code=303, opt={"part": None})
async def choose(request: AnyRequest) -> Response[Any]:
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    async with site.database.transaction() as db:
        await save_choices(db, me.party.id, form, proof=Proof(how="portal"), actor=me.actor, now=site.clock.now())
    return go(request, PATH, done=_("Saved. It holds from now on."))


@post("/{language:str}/my/privacy/export", status_code=303, opt={"part": None, "fresh": True})
async def export(request: AnyRequest) -> Response[Any]:
    site, me = site_of(request), customer_of(request)
    async with site.database.transaction() as db:
        await request_export(db, me.party.id, language=language_of(request), actor=me.actor, now=site.clock.now())
    return go(request, PATH, done=_("We are gathering it. It will be here in a moment, and we write you a mail."))


@get("/{language:str}/my/privacy/export/{request_id:uuid}/{name:str}", opt={"part": None, "fresh": True})
async def download(request: AnyRequest, request_id: FromPath[UUID], name: FromPath[str]) -> Response[bytes]:
    """A file of an export of one's own."""
    site, me = site_of(request), customer_of(request)
    async with site.database.reading() as db:
        wishes = {one.id for one in await list_requests(db, party_id=me.party.id)}
        mine_or_missing(request_id in wishes, "file")
        media_type, content = await read_export(db, site.settings.secret, request_id, name, now=site.clock.now())
    plain = "".join(char for char in name if char.isalnum() or char in "._-")
    headers = {"Content-Disposition": f'attachment; filename="{plain}"', "Cache-Control": "private, no-store"}
    return Response(content, media_type=media_type, headers=headers)


@post("/{language:str}/my/privacy/erase", status_code=303, opt={"part": None, "fresh": True})
async def erase(request: AnyRequest) -> Response[Any]:
    """Being forgotten, after the box was ticked that says so."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    if form.text("sure") != "yes":
        return go(request, PATH, failed=_("Nothing was deleted: please tick that you are sure."))
    try:
        async with site.database.transaction() as db:
            await request_erasure(db, me.party.id, language=language_of(request), actor=me.actor, now=site.clock.now())
    except KupecError as error:
        if error.status == 404:
            raise
        return go(request, PATH, failed=say(error, language_of(request)))
    return go(
        request, PATH, done=_("We are deleting your data. What the law has us keep is kept, and used for nothing else.")
    )


routes = (show, choose, export, download, erase)
