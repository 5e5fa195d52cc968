"""Business settings: documents that are drafted, compared, tried on past orders, published, and taken back."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.catalogue import markets
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError, NotFound
from kupec.kit.events import subject_history
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Version, get_document, get_version, history, publish, published, roll_back
from kupec.outreach import VARIABLES
from kupec.sales import Preview, preview_orders
from kupec.staff import staff_names
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.settings_changes import Change, changes
from kupec.web.desk.settings_shape import Place
from kupec.web.desk.settings_words import FIELDS, SECTIONS, VERSION_STATES, Section
from kupec.web.desk.timeline import days
from kupec.web.forms import query_form
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.security import content_policy

PERMISSION = "settings.write"
PREVIEW_CHOICES = (100, 1000, 3120)
_TONES = {"draft": "warn", "published": "good"}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list: a version with the name of whoever wrote it."""

    version: Version
    author: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A change as a sentence is put together from it."""

    where: list[str]
    change: Change


def section_of(name: str) -> Section:
    """Raises NotFound."""
    if name not in SECTIONS:
        raise NotFound(what="page")
    return SECTIONS[name]


async def place_of(db: Connection) -> Place:
    """The currencies and countries the shop knows: what a form offers."""
    known = await markets(db)
    countries = dict.fromkeys(country for market in known for country in (market.home_country, *market.countries))
    return Place(
        currencies=tuple(dict.fromkeys(market.currency for market in known)),
        countries=tuple(countries),
    )


async def rows(request: AnyRequest, db: Connection, section: Section) -> list[Row]:
    versions = await history(db, section.kind)
    ids = {UUID(version.author[6:]) for version in versions if version.author.startswith("staff:")}
    names = await staff_names(db, sorted(ids)) if ids else {}
    automatic = reader_of(request).text(_("automatically"))
    return [
        Row(
            version=version,
            author=names.get(UUID(version.author[6:]), "—") if version.author.startswith("staff:") else automatic,
        )
        for version in versions
    ]


@get("/settings", opt={"permission": PERMISSION})
async def index(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        known = await db.fetch(
            """
            select kind, max(number) filter (where state = 'published') as holds,
                   max(published_at) filter (where state = 'published') as since,
                   count(*) filter (where state = 'draft') as drafts
              from document_version group by kind
            """
        )
        return await desk_page(
            request,
            db,
            "desk/settings.html",
            section="settings",
            sections=list(SECTIONS.values()),
            standing={row["kind"]: row for row in known},
        )


async def page(
    request: AnyRequest, db: Connection, section: Section, opened: Version | None = None, *, status: int = 200
) -> Response[str]:
    """The versions of a kind, and beside them the one that was opened."""
    reader, listing = reader_of(request), await rows(request, db, section)
    context: dict[str, Any] = {"opened_version": opened}
    if opened is not None:
        context |= await _opened(request, db, section, opened, listing)
    subject = f"document:{section.name}"
    return await desk_page(
        request,
        db,
        "desk/settings_versions.html",
        section="settings",
        status=status,
        headers={"Content-Security-Policy": f"{content_policy()}; frame-src 'self'"},
        here=section,
        sections=list(SECTIONS.values()),
        rows=listing,
        states=VERSION_STATES,
        tone=_TONES.get,
        choices=PREVIEW_CHOICES,
        past=await days(db, await subject_history(db, subject, limit=50), reader, here=subject),
        **context,
    )


async def _opened(
    request: AnyRequest, db: Connection, section: Section, version: Version, listing: list[Row]
) -> dict[str, Any]:
    document = await get_document(db, section.kind, version.id)
    other = _compared(version, [row.version for row in listing])
    before = await get_document(db, section.kind, other.id) if other else section.kind.default()
    found = changes(section.kind.type, before, document, await place_of(db))
    return {
        "compared": other,
        "differences": [Difference(where=_where(request, section, change), change=change) for change in found],
        "preview": await _preview(request, db, section, document),
        "text": msgspec.json.format(msgspec.json.encode(document), indent=2).decode(),
        "letters": [(letter, FIELDS[letter]) for letter in VARIABLES],
        "shown_letter": query_form(request).text("letter", most=60),
        "author": next((row.author for row in listing if row.version.id == version.id), "—"),
    }


def _compared(version: Version, versions: list[Version]) -> Version | None:
    """What holds now; for what holds now, what held before it."""
    if version.state != "published":
        return next((one for one in versions if one.state == "published"), None)
    earlier = [one for one in versions if one.state == "retired" and one.number < version.number]
    return max(earlier, key=lambda one: one.published_at or one.created_at, default=None)


def _where(request: AnyRequest, section: Section, change: Change) -> list[str]:
    language = language_of(request)
    words = []
    for field, title in change.trail:
        # A name that means something else in one section is said there in its own words.
        label = FIELDS.get(f"{section.name}.{field}") or FIELDS.get(field)
        words.append(translate(language, label) if label else field)
        if title:
            words.append(title)
    return words


async def _preview(request: AnyRequest, db: Connection, section: Section, document: Any) -> Preview | None:
    wanted = query_form(request).text("preview", most=20)
    if not section.previewed or not wanted.isascii() or not wanted.isdigit():
        return None
    most = min(max(int(wanted), 1), max(PREVIEW_CHOICES))
    return await preview_orders(db, section.name, document, most=most)


@get("/settings/rules/{name:str}", opt={"permission": PERMISSION})
async def versions(request: AnyRequest, name: FromPath[str]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await page(request, db, section_of(name))


@get("/settings/rules/{name:str}/{version_id:uuid}", opt={"permission": PERMISSION})
async def version(request: AnyRequest, name: FromPath[str], version_id: FromPath[UUID]) -> Response[str]:
    section = section_of(name)
    async with site_of(request).database.reading() as db:
        return await page(request, db, section, await get_version(db, section.kind, version_id))


@post("/settings/rules/{name:str}/{version_id:uuid}/publish", opt={"permission": PERMISSION})
async def publish_version(request: AnyRequest, name: FromPath[str], version_id: FromPath[UUID]) -> Response[Any]:
    """Let a draft hold from now on."""
    section, site = section_of(name), site_of(request)
    target = f"/desk/settings/rules/{name}/{version_id}"
    try:
        async with site.database.transaction() as db:
            done = await publish(db, section.kind, version_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, target, failed=explain(error, language_of(request)))
    return go(request, target, done=reader_of(request).text(_("Version {n} holds now.")).format(n=done.number))


@post("/settings/rules/{name:str}/{version_id:uuid}/restore", opt={"permission": PERMISSION})
async def restore_version(request: AnyRequest, name: FromPath[str], version_id: FromPath[UUID]) -> Response[Any]:
    """Let an older version hold again, under a new number."""
    section, site = section_of(name), site_of(request)
    try:
        async with site.database.transaction() as db:
            done = await roll_back(db, section.kind, version_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        target = f"/desk/settings/rules/{name}/{version_id}"
        return go(request, target, failed=explain(error, language_of(request)))
    target = f"/desk/settings/rules/{name}/{done.id}"
    return go(request, target, done=reader_of(request).text(_("Version {n} holds now.")).format(n=done.number))


async def standing_document(db: Connection, section: Section, version_id: str) -> Any:
    """The version the address names, else what holds. Raises NotFound."""
    if not version_id:
        return (await published(db, section.kind))[section.kind]
    try:
        wanted = UUID(version_id)
    except ValueError:
        raise NotFound(what="version") from None
    return await get_document(db, section.kind, wanted)
