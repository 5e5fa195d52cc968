"""A new draft of a document: by a form made from its struct, or as text."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import inspect

from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, InvalidValue, KupecError
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.versions import read_document, save_draft, standing
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.settings_pages import PERMISSION, place_of, section_of, standing_document
from kupec.web.desk.settings_shape import describe, read
from kupec.web.desk.settings_text import line_of
from kupec.web.desk.settings_words import ADDING, FIELDS, HINTS, SECTIONS, Section
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

LARGEST = 2_000_000  # bytes
MOST_FIELDS = 10_000
_LONGEST_TEXT = 1_000_000
_LONGEST_NOTE = 300
_NOT_JSON = _("a JSON document")


async def form_page(
    request: AnyRequest,
    db: Connection,
    section: Section,
    raw: Any,
    *,
    note: str = "",
    faults: dict[str, str] | None = None,
    text: str | None = None,
    status: int = 200,
    seen: str = "",
    behind: bool = False,
) -> Response[str]:
    """The form with `raw`, or with a text that cannot even be read."""
    as_text = text is not None or not section.shaped or query_form(request).text("as") == "text"
    language, found = language_of(request), faults or {}
    shown = msgspec.json.format(msgspec.json.encode(raw), indent=2).decode() if text is None else text
    return await desk_page(
        request,
        db,
        "desk/settings_edit.html",
        section="settings",
        status=status,
        here=section,
        sections=list(SECTIONS.values()),
        as_text=as_text,
        shape=None if as_text else describe(inspect.type_info(section.kind.type), raw, await place_of(db)),
        text=shown,
        note=note,
        base=query_form(request).text("base"),
        seen=seen or await standing(db, section.kind),
        behind=behind,
        errors={path: _expected(language, expected) for path, expected in found.items()},
        lines={path: line_of(shown, path) for path in found} if as_text else {},
        label=lambda field: _label(section, field, language),
        hint=lambda field: translate(language, HINTS[field]) if field in HINTS else "",
        kind_of=lambda part: type(part).__name__,
        wrong_in=lambda path: any(fault.startswith(path) for fault in found),
        adding=lambda field: translate(language, ADDING.get(field, _("Add another"))),
    )


def _expected(language: str, expected: str) -> str:
    return translate(language, _("Expected: {expected}.")).format(expected=translate(language, expected))


@get("/settings/rules/{name:str}/edit", opt={"permission": PERMISSION})
async def edit(request: AnyRequest, name: FromPath[str]) -> Response[str]:
    section = section_of(name)
    async with site_of(request).database.reading() as db:
        document = await standing_document(db, section, query_form(request).text("base"))
        return await form_page(request, db, section, msgspec.to_builtins(document))


@post("/settings/rules/{name:str}/edit", opt={"permission": PERMISSION}, request_max_body_size=LARGEST)
async def save(request: AnyRequest, name: FromPath[str]) -> Response[Any]:
    """Keep what was written as a new draft, or show the form again: with an item more or less, or what is wrong."""
    section, site = section_of(name), site_of(request)
    form = await read_form(request, most=MOST_FIELDS)
    note = form.text("note", most=_LONGEST_NOTE)
    faults: dict[str, str] = {}
    text = form.prose("text", most=_LONGEST_TEXT) if "text" in form else None
    async with site.database.reading() as db:
        raw = await _read(db, section, form, text, faults)
        if raw is None or _rebuilding(form):
            told = faults if raw is None else {}
            status = 422 if raw is None else 200
            seen = form.text("seen")
            return await form_page(
                request, db, section, raw, note=note, faults=told, text=text, status=status, seen=seen
            )
    if not faults:
        try:
            async with site.database.transaction() as db:
                document = read_document(section.kind, raw)
                draft = await save_draft(
                    db,
                    section.kind,
                    document,
                    note=note,
                    actor=actor_of(request),
                    now=site.clock.now(),
                    based_on=form.uuid("seen") if form.text("seen") else None,
                )
        except Conflict:
            async with site.database.reading() as db:
                return await form_page(request, db, section, raw, note=note, text=text, status=409, behind=True)
        except InvalidValue as error:
            faults = faults_of(error)
        except KupecError as error:
            return go(request, f"/desk/settings/rules/{name}", failed=explain(error, language_of(request)))
        else:
            done = reader_of(request).text(_("Saved as a draft. Nothing has changed in the shop yet."))
            return go(request, f"/desk/settings/rules/{name}/{draft.id}", done=done)
    async with site.database.reading() as db:
        seen = form.text("seen") if "seen" not in faults else ""
        return await form_page(request, db, section, raw, note=note, faults=faults, text=text, status=422, seen=seen)


def faults_of(error: InvalidValue) -> dict[str, str]:
    """All faults that a check has found, by path."""
    found: dict[str, str] = error.details.get("faults") or {error.field or "": str(error.details["expected"])}
    return found


def _rebuilding(form: Form) -> bool:
    return any(step in form for step in ("add", "up", "drop"))


def _label(section: Section, field: str, language: str) -> str:
    """What a field is called in this document, or in any."""
    known = FIELDS.get(f"{section.name}.{field}") or FIELDS.get(field)
    return translate(language, known) if known else field


async def _read(db: Connection, section: Section, form: Form, text: str | None, faults: dict[str, str]) -> Any:
    if text is None:
        return read(inspect.type_info(section.kind.type), form, await place_of(db), faults)
    if "\\u0000" in text:
        # What no text in the database can hold.
        faults[""] = _NOT_JSON
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        faults[""] = f"{translate('en', _NOT_JSON)} ({error})"
        return None
