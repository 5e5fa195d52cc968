"""The messages customers get, as the merchant words them: side by side by language, looked at with real data."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, InvalidValue, KupecError, NotFound
from kupec.kit.i18n import LANGUAGES, explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.versions import (
    Version,
    get_document,
    get_version,
    history,
    one_at_a_time,
    publish,
    published,
    read_document,
    save_draft,
    standing,
)
from kupec.outreach import (
    OURS,
    TEMPLATES,
    Letter,
    Sample,
    Sender,
    Template,
    Templates,
    is_active,
    our_words,
    purpose_of,
    sample_letter,
    sample_of,
    send_test,
    variables_of,
)
from kupec.web.desk.gate import actor_of, staff_of
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.sentences import code_in_words
from kupec.web.desk.settings_editing import faults_of
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, html, language_of, site_of
from kupec.web.security import content_policy
from kupec.web.site import Site

PERMISSION = "settings.write"
PATH = "/desk/marketing/templates"
_LETTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
PURPOSE_WORDS = {
    "service": _("service: needs no consent"),
    "marketing.email": _("news by e-mail: only with consent"),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A message in the list. `own` are the languages in which the merchant says something."""

    code: str
    title: str
    purpose: str
    active: bool
    own: list[str]
    sent: int


async def list_page(
    request: AnyRequest, db: Connection, code: str | None = None, *, status: int = 200, **context: Any
) -> Response[str]:
    """The messages with how often they went out in 30 days, and beside them the one that was opened."""
    holds = (await published(db, TEMPLATES))[TEMPLATES]
    rows = await db.fetch(
        "select kind, count(*) as sent from mail where sent_at > $1::timestamptz - interval '30 days' group by kind",
        site_of(request).clock.now(),
    )
    sent = {row["kind"]: row["sent"] for row in rows}
    reader = reader_of(request)
    lines = [
        Line(
            code=one,
            title=code_in_words(one, reader),
            purpose=purpose_of(holds, one),
            active=is_active(holds, one),
            own=_own(holds, one),
            sent=sent.get(one, 0),
        )
        for one in (*OURS, *(one for one in holds.templates if one not in OURS))
    ]
    whole: dict[str, Any] = {"code": code, "errors": {}, "version": None, "drafts": [], "sample": None, **context}
    return await desk_page(
        request,
        db,
        "desk/messages.html",
        section="marketing",
        status=status,
        headers={"Content-Security-Policy": f"{content_policy()}; frame-src 'self'"},
        lines=lines,
        purposes=PURPOSE_WORDS,
        title_of=lambda one: code_in_words(one, reader),
        **whole,
    )


def _own(document: Templates, code: str) -> list[str]:
    words = document.templates.get(code, Template()).email
    return [language for language in LANGUAGES if words.subject.get(language) or words.body.get(language)]


async def _opened(
    request: AnyRequest,
    db: Connection,
    code: str,
    *,
    form: Form | None = None,
    faults: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    """One message's words: as the version of the address has them, else as they hold, else as they were typed."""
    document, version = await _shown(request, db, code)
    stored = document.templates.get(code, Template())
    customer = _customer(request)
    language = language_of(request)
    wording = stored if form is None else _typed(form)
    return await list_page(
        request,
        db,
        code,
        status=status,
        wording=wording,
        version=version,
        ours={one: our_words(code, one) for one in LANGUAGES},
        known=code in OURS,
        default_purpose=purpose_of(Templates(), code),
        variables=variables_of(code),
        drafts=[one for one in await history(db, TEMPLATES, limit=20) if one.state == "draft"][:5],
        seen=form.text("seen") if form is not None else await standing(db, TEMPLATES),
        sample=await sample_of(db, code, customer, now=site_of(request).clock.now()),
        customer=customer,
        errors={field: _expected(language, text) for field, text in (faults or {}).items()},
    )


def _expected(language: str, expected: str) -> str:
    return translate(language, _("Expected: {expected}.")).format(expected=translate(language, expected))


async def _shown(request: AnyRequest, db: Connection, code: str) -> tuple[Templates, Version | None]:
    """Raises NotFound for a message that is neither ours nor in the document."""
    wanted, version = query_form(request).text("version", most=40), None
    document = (await published(db, TEMPLATES))[TEMPLATES]
    if wanted:
        version = await get_version(db, TEMPLATES, _uuid(wanted))
        document = await get_document(db, TEMPLATES, version.id)
    if code not in OURS and code not in document.templates:
        raise NotFound(what="template")
    return document, version


def _customer(request: AnyRequest) -> UUID | None:
    return query_form(request).uuid("customer") if query_form(request).text("customer") else None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(what="version") from None


@get("/marketing/templates", opt={"permission": PERMISSION})
async def messages(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await list_page(request, db)


@get("/marketing/templates/{code:str}", opt={"permission": PERMISSION})
async def message(request: AnyRequest, code: FromPath[str]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _opened(request, db, code)


@get("/marketing/templates/{code:str}/look/{language:str}", opt={"permission": PERMISSION})
async def look(request: AnyRequest, code: FromPath[str], language: FromPath[str]) -> Response[str]:
    """The message itself in a language, for the frame that shows it."""
    async with site_of(request).database.reading() as db:
        letter = await _letter(request, db, code, language)
    headers = {
        "Content-Security-Policy": _LETTER_POLICY,
        "X-Frame-Options": "SAMEORIGIN",
        "Cache-Control": "private, no-store",
    }
    return html(letter.html, headers=headers)


async def _letter(request: AnyRequest, db: Connection, code: str, language: str) -> Letter:
    if language not in LANGUAGES:
        raise NotFound(what="template")
    site = site_of(request)
    document, _version = await _shown(request, db, code)
    sample: Sample = await sample_of(db, code, _customer(request), now=site.clock.now())
    return sample_letter(document, code, sample, sender_of(site), language=language)


def sender_of(site: Site) -> Sender:
    settings = site.settings
    return Sender(
        name=settings.shop_name, email=settings.shop_email, base_url=settings.base_url, secret=settings.secret
    )


@post("/marketing/templates/{code:str}/test", opt={"permission": PERMISSION})
async def test(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    """The message to whoever asks for it, in the language they chose."""
    site, form, language = site_of(request), await read_form(request), language_of(request)
    target = f"{PATH}/{quote(code, safe='')}{'?' + request.url.query if request.url.query else ''}"
    try:
        async with site.database.transaction() as db:
            letter = await _letter(request, db, code, form.text("language"))
            await send_test(
                db,
                code,
                letter,
                language=form.text("language"),
                to=staff_of(request).email,
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        return go(request, target, failed=explain(error, language))
    done = translate(language, _("Sent to {address}.")).format(address=staff_of(request).email)
    return go(request, target, done=done)


@post("/marketing/templates", opt={"permission": PERMISSION})
async def add(request: AnyRequest) -> Response[Any]:
    """A message of the merchant's own, for rules to send: written on its page, where it has a form."""
    site, form, language = site_of(request), await read_form(request), language_of(request)
    code = form.text("code", most=40)
    words = {"subject": {language: form.text("subject", most=150)}, "body": {language: form.prose("body", most=8000)}}
    try:
        async with site.database.transaction() as db:
            await one_at_a_time(db, TEMPLATES)
            raw = msgspec.to_builtins((await published(db, TEMPLATES))[TEMPLATES])
            if code in OURS or code in raw["templates"]:
                raise InvalidValue(field="code", expected=_("a code that no other message has"))
            raw["templates"][code] = {"email": words, "purpose": "marketing.email"}
            document, now = read_document(TEMPLATES, raw), site.clock.now()
            draft = await save_draft(db, TEMPLATES, document, note=code, actor=actor_of(request), now=now)
            await publish(db, TEMPLATES, draft.id, actor=actor_of(request), now=now)
    except KupecError as error:
        return go(request, PATH, failed=_said(error, language))
    return go(request, f"{PATH}/{code}", done=translate(language, _("Version {n} holds now.")).format(n=draft.number))


def _said(error: KupecError, language: str) -> str:
    if isinstance(error, InvalidValue):
        return _expected(language, str(error.details["expected"]))
    return explain(error, language)


@post("/marketing/templates/{code:str}", opt={"permission": PERMISSION})
async def change(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    """Write a draft with this message as it was typed; publish it at once if that was asked for."""
    site, form, language = site_of(request), await read_form(request), language_of(request)
    try:
        async with site.database.transaction() as db:
            now, actor = site.clock.now(), actor_of(request)
            await one_at_a_time(db, TEMPLATES)
            await _still_as_seen(db, form, code)
            raw = msgspec.to_builtins((await published(db, TEMPLATES))[TEMPLATES])
            raw["templates"][code] = msgspec.to_builtins(_typed(form))
            if code in OURS and _typed(form) == Template():
                del raw["templates"][code]
            document = read_document(TEMPLATES, raw)
            draft = await save_draft(db, TEMPLATES, document, note=code, actor=actor, now=now)
            if form.text("do") == "publish":
                await publish(db, TEMPLATES, draft.id, actor=actor, now=now)
    except InvalidValue as error:
        async with site.database.reading() as db:
            faults = {path.removeprefix(f"templates.{code}."): text for path, text in faults_of(error).items()}
            return await _opened(request, db, code, form=form, faults=faults, status=422)
    except KupecError as error:
        return go(request, f"{PATH}/{quote(code, safe='')}", failed=explain(error, language))
    if form.text("do") == "publish":
        done = translate(language, _("Version {n} holds now.")).format(n=draft.number)
        return go(request, f"{PATH}/{code}", done=done)
    done = translate(language, _("Saved as a draft. Nothing has changed in the shop yet."))
    return go(request, f"{PATH}/{code}?version={draft.id}", done=done)


async def _still_as_seen(db: Connection, form: Form, code: str) -> None:
    """Raises Conflict when somebody has changed this message since it was shown, NotFound when it is none."""
    now = (await published(db, TEMPLATES))[TEMPLATES]
    if code not in OURS and code not in now.templates:
        raise NotFound(what="template")
    seen = form.uuid("seen") if form.text("seen") else None
    before = await get_document(db, TEMPLATES, seen) if seen else Templates()
    if before.templates.get(code) != now.templates.get(code):
        raise Conflict


def _typed(form: Form) -> Template:
    texts: dict[str, dict[str, str]] = {"subject": {}, "body": {}}
    for language in LANGUAGES:
        subject = form.text(f"email.subject.{language}", most=1000)
        body = form.prose(f"email.body.{language}", most=20_000).replace("\r\n", "\n").strip()
        if subject:
            texts["subject"][language] = subject
        if body:
            texts["body"][language] = body
    purpose = form.text("purpose", most=60)
    return msgspec.convert({"email": texts, "purpose": purpose or None, "off": "on" not in form}, Template)


routes = (messages, message, look, test, add, change)
