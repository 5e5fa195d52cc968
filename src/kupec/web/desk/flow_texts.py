"""Rules and messages as text: the flows' editor over a versioned document, with its faults by line and its tree."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import msgspec
import yaml
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.assistant import Fork, Problem, Twig, located, plain
from kupec.kit.errors import Conflict, InvalidValue, KupecError, NotFound
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.text import shorten
from kupec.kit.versions import Kind, one_at_a_time, publish, published, read_document, save_draft, standing
from kupec.outreach import RULES, TEMPLATES
from kupec.web.desk.flow_problem_words import problem_said
from kupec.web.desk.flow_words import STEP_ICONS
from kupec.web.desk.flows import LONGEST
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.settings_editing import faults_of
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, language_of, render, site_of

PERMISSION = "settings.write"
HERE = "/desk/texts"
_LONGEST_VALUE = 90
_NAMES: Final = ("code", "name", "title", "id")


class TextKind(msgspec.Struct, frozen=True, kw_only=True):
    """A document that can be written as text: what it is called, and the page of its form."""

    kind: Any
    title: str
    page: str
    section: str


TEXTS: Final = {
    "rules": TextKind(kind=RULES, title=_("Rules"), page="/desk/rules", section="tasks"),
    "templates": TextKind(kind=TEMPLATES, title=_("Messages"), page="/desk/marketing/templates", section="marketing"),
}


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What a text is worth: the document, or what is wrong."""

    document: Any
    problems: tuple[Problem, ...]
    raw: Any
    examples: tuple[()] = ()

    @property
    def flow(self) -> bool:
        return self.document is not None

    @property
    def ready(self) -> bool:
        return self.document is not None


@get("/texts/{name:str}", opt={"permission": PERMISSION})
async def text(request: AnyRequest, name: FromPath[str]) -> Response[str]:
    one = _kind(name)
    async with site_of(request).database.reading() as db:
        document = (await published(db, one.kind))[one.kind]
        source = yaml.safe_dump(msgspec.to_builtins(document), allow_unicode=True, sort_keys=False, width=110)
        return await _page(request, db, name, source)


@post("/texts/{name:str}/check", opt={"permission": PERMISSION})
async def check_text(request: AnyRequest, name: FromPath[str]) -> Response[str]:
    form = await read_form(request)
    read = _read(_kind(name).kind, form.verbatim("source", most=LONGEST), language_of(request))
    return render(request, "desk/flows/beside.html", read=reader_of(request), **_beside(read))


@post("/texts/{name:str}", opt={"permission": PERMISSION})
async def change_text(request: AnyRequest, name: FromPath[str]) -> Response[Any]:
    """Keep the whole document as a draft, and publish it if that was asked for."""
    site, form, language, one = site_of(request), await read_form(request), language_of(request), _kind(name)
    source = form.verbatim("source", most=LONGEST)
    read = _read(one.kind, source, language)
    try:
        if read.document is None:
            raise InvalidValue(field="source", expected=_("a text without faults: they stand beside it"))
        async with site.database.transaction() as db:
            now, actor = site.clock.now(), actor_of(request)
            await one_at_a_time(db, one.kind)
            holds = await standing(db, one.kind)
            if form.text("seen") != (str(holds) if holds else ""):
                raise Conflict
            draft = await save_draft(db, one.kind, read.document, note=form.text("note"), actor=actor, now=now)
            if form.text("do") == "publish":
                await publish(db, one.kind, draft.id, actor=actor, now=now)
                done = translate(language, _("Version {n} holds now.")).format(n=draft.number)
                return go(request, f"{HERE}/{name}", done=done)
    except KupecError as error:
        async with site.database.reading() as db:
            return await _page(request, db, name, source, failed=explain(error, language), status=error.status)
    return go(request, one.page, done=translate(language, _("Saved as a draft. Nothing has changed in the shop yet.")))


def _kind(name: str) -> TextKind:
    if name not in TEXTS:
        raise NotFound(what="document")
    return TEXTS[name]


def _read(kind: Kind[Any], source: str, language: str) -> Read:
    raw, lines, problems = plain(source)
    if problems:
        return Read(document=None, problems=tuple(problems), raw=None)
    try:
        return Read(document=read_document(kind, raw), problems=(), raw=raw)
    except InvalidValue as error:
        found = [
            located(Problem(path=path, message=_expected(language, expected)), lines)
            for path, expected in faults_of(error).items()
        ]
        return Read(document=None, problems=tuple(found), raw=raw)


def _expected(language: str, expected: str) -> str:
    return translate(language, _("Expected: {expected}.")).format(expected=translate(language, expected))


def _beside(read: Read) -> dict[str, Any]:
    return {
        "checked": read,
        "tree": tuple(_twigs(read.raw)),
        "step_words": {},
        "step_icons": {**STEP_ICONS, "": "note"},
        "problem_said": problem_said,
        "fork_words": {"in": ""},
    }


def _twigs(raw: Any) -> Iterator[Twig]:
    """Whatever the document is made of, a line for each part."""
    pairs = raw.items() if isinstance(raw, dict) else enumerate(raw, start=1) if isinstance(raw, list) else ()
    for key, value in pairs:
        if isinstance(value, dict | list) and value:
            known = next((str(value[name]) for name in _NAMES if isinstance(value, dict) and value.get(name)), "")
            inner = Fork(kind="in", text="", steps=tuple(_twigs(value)))
            yield Twig(kind=str(key), text=known, path="", below=(inner,))
        elif value not in (None, "", [], {}):
            yield Twig(kind=str(key), text=shorten(str(value), _LONGEST_VALUE), path="")


async def _page(
    request: AnyRequest, db: Any, name: str, source: str, *, failed: str = "", status: int = 200
) -> Response[str]:
    one = TEXTS[name]
    holds: UUID | None = await standing(db, one.kind)
    return await desk_page(
        request,
        db,
        "desk/flows/text.html",
        section=one.section,
        status=status,
        name=name,
        title=one.title,
        page=one.page,
        source=source,
        seen=holds or "",
        failed=failed,
        **_beside(_read(one.kind, source, language_of(request))),
    )


routes = (text, check_text, change_text)
