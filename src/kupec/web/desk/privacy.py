"""Requests about personal data: who asked for what, what stands in the way, what was told or erased."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import (
    TITLES,
    ExportFile,
    PrivacyRequest,
    export_files,
    get_request,
    list_requests,
    parties_by_ids,
    read_export,
    refuse_request,
    try_request_again,
)
from kupec.kit.errors import KupecError
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.web.desk.customer_consents import privacy_words
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.desk.timeline import authors
from kupec.web.forms import query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.saving import saved

PLACE = "/desk/customers/privacy"
_OPT = {"permission": "privacy.write"}


@get("/customers/privacy", opt=_OPT)
async def privacy(request: AnyRequest) -> Response[str]:
    """All of them, those that wait or failed first to be seen by `?open=1`; one beside the list by `?id=`."""
    query = query_form(request)
    chosen: PrivacyRequest | None = None
    files: list[ExportFile] = []
    async with site_of(request).database.reading() as db:
        requests = await list_requests(db, open_only="open" in query)
        if query.text("id", most=1000):
            chosen = await get_request(db, query.uuid("id"))
            files = await export_files(db, chosen.id)
        everybody = [*requests, *([chosen] if chosen else [])]
        parties = await parties_by_ids(db, sorted({one.party_id for one in everybody}))
        return await desk_page(
            request,
            db,
            "desk/privacy.html",
            section="customers",
            requests=requests,
            open_only="open" in query,
            chosen=chosen,
            files=files,
            parties=parties,
            asked_by=await authors(db, [one.asked_by for one in everybody], reader_of(request)),
            part_names={table: translate(language_of(request), title) for table, title in TITLES.items()},
            **privacy_words(language_of(request)),
        )


@post("/customers/privacy/{request_id:uuid}", opt=_OPT)
async def decide(request: AnyRequest, request_id: FromPath[UUID]) -> Response[Any]:
    """Refuse it, with a reason, or work it off now."""
    form = await read_form(request)
    site, language = site_of(request), language_of(request)
    target = f"{PLACE}?id={request_id}"
    try:
        async with site.database.transaction() as db:
            actor, now = actor_of(request), site.clock.now()
            if form.text("action") == "refuse":
                await refuse_request(db, request_id, form.text("reason", most=10_000), actor=actor, now=now)
                said = _("The request is refused.")
            else:
                await try_request_again(db, request_id, actor=actor, now=now)
                said = _("The request is being worked off.")
    except KupecError as error:
        if error.status >= 500:
            raise
        return go(request, target, failed=in_words(error, language))
    return go(request, target, done=translate(language, said))


@get("/customers/privacy/{request_id:uuid}/{name:str}", opt=_OPT)
async def export_file(request: AnyRequest, request_id: FromPath[UUID], name: FromPath[str]) -> Response[bytes]:
    """A file of an export, to be saved."""
    site = site_of(request)
    async with site.database.reading() as db:
        kind, content = await read_export(db, site.settings.secret, request_id, name, now=site.clock.now())
    return saved(name, kind, content)


routes = (privacy, decide, export_file)
