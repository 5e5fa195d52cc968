"""The outbox: every mail we wrote, as its reader sees it."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.outreach import Mail, get_mail, list_mails, retry_mail
from kupec.web.desk.gate import actor_of
from kupec.web.desk.journal import reason_in_words
from kupec.web.desk.mail_answers import can_be_answered
from kupec.web.desk.orders import read_cursor, write_cursor
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.sentences import code_in_words
from kupec.web.forms import Form, query_form
from kupec.web.rendering import AnyRequest, html, language_of, site_of
from kupec.web.security import content_policy

PAGE = 50
# A mail is somebody else's page: no scripts, no forms, nothing fetched but its own styles and inline pictures.
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data: 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_PAGE_POLICY = f"{content_policy()}; frame-src 'self'"


class MailList(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it. `older` is the cursor of the next page."""

    before: str | None
    rows: list[Mail]
    older: str | None


async def mail_list(db: Connection, form: Form) -> MailList:
    before = read_cursor(form.text("before"))
    rows = await list_mails(db, before=before, limit=PAGE + 1)
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    older = write_cursor(rows[-1].created_at, rows[-1].id) if more else None
    return MailList(before=form.text("before") if before else None, rows=rows, older=older)


async def _page(request: AnyRequest, db: Connection, mail: Mail | None) -> Response[str]:
    reader = reader_of(request)
    return await desk_page(
        request,
        db,
        "desk/outbox.html",
        section="outbox",
        headers={"Content-Security-Policy": _PAGE_POLICY},
        listing=await mail_list(db, query_form(request)),
        mail=mail,
        kind=lambda kind: code_in_words(kind, reader),
        why_of=lambda why: code_in_words(f"why.{why}", reader),
        reason_of=lambda reason: reason_in_words(reason, reader),
        smtp=bool(site_of(request).settings.smtp_url),
        can_answer=await can_be_answered(request, db),
    )


@get("/outbox", opt={"permission": "customers.read"})
async def outbox(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, None)


@get("/outbox/{mail_id:uuid}", opt={"permission": "customers.read"})
async def mail(request: AnyRequest, mail_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, await get_mail(db, mail_id))


@get("/outbox/{mail_id:uuid}/html", opt={"permission": "customers.read"})
async def mail_html(request: AnyRequest, mail_id: FromPath[UUID]) -> Response[str]:
    """The mail's own HTML, for the frame that shows it."""
    async with site_of(request).database.reading() as db:
        mail = await get_mail(db, mail_id)
    headers = {
        "Content-Security-Policy": _MAIL_POLICY,
        "X-Frame-Options": "SAMEORIGIN",
        "Cache-Control": "private, no-store",
    }
    return html(mail.html, headers=headers)


@post("/outbox/{mail_id:uuid}/retry", opt={"permission": "system.write"})
async def retry(request: AnyRequest, mail_id: FromPath[UUID]) -> Response[Any]:
    target = f"/desk/outbox/{mail_id}"
    try:
        async with site_of(request).database.transaction() as db:
            await retry_mail(db, mail_id, actor=actor_of(request))
    except KupecError as error:
        return go(request, target, failed=explain(error, language_of(request)))
    return go(request, target, done=reader_of(request).text(_("The mail will be sent again in a moment.")))
