"""Versioned documents: business rules that change at run time, by publishing, and go back in one step.

A room declares each kind of its documents once, as a struct. What is published is read in one statement
that asks for ids only; the document behind an id never changes, so a process decodes it once.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Generic, Literal, TypeVar, cast
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import Conflict, InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7

D = TypeVar("D", bound=msgspec.Struct)
State = Literal["draft", "published", "retired"]


class Kind(Generic[D]):
    """One sort of document: its name, its type, what holds before any is published, and what it must obey.

    `check` raises InvalidValue naming the path of the field that is wrong ("methods[2].fee").
    """

    def __init__(
        self,
        name: str,
        document: type[D],
        *,
        default: Callable[[], D],
        check: Callable[[D], None] = lambda _document: None,
        permission: str = "settings.write",
    ) -> None:
        self.name = name
        self.type = document
        self.default = default
        self.check = check
        self.permission = permission


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a document, without the document. `number` counts from 1 within the kind."""

    id: UUID
    kind: str
    number: int
    state: State
    note: str
    author: str
    created_at: datetime
    published_at: datetime | None


class DocumentDrafted(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "document.drafted"
    kind: str
    number: int


class DocumentPublished(Payload, frozen=True, kw_only=True):
    """`back_to` is the number of the older version that this one repeats, if it is a roll-back."""

    name: ClassVar[str] = "document.published"
    kind: str
    number: int
    back_to: int | None = None


class Published:
    """What holds now, of the kinds that were asked for."""

    def __init__(self, documents: dict[str, Any]) -> None:
        self._documents = documents

    def __getitem__(self, kind: Kind[D]) -> D:
        found = self._documents.get(kind.name)
        return kind.default() if found is None else cast(D, found)


_COLUMNS = "id, kind, number, state, note, author, created_at, published_at"
# By kind: the version this process has decoded last.
_decoded: dict[str, tuple[UUID, Any]] = {}


async def published(db: Connection, *kinds: Kind[Any]) -> Published:
    """The published documents of these kinds, in one statement when nothing has changed since the last call."""
    rows = await db.fetch(
        "select kind, id from document_version where state = 'published' and kind = any($1::text[])",
        [kind.name for kind in kinds],
    )
    current = {row["kind"]: row["id"] for row in rows}
    documents = {}
    for kind in kinds:
        version_id = current.get(kind.name)
        if version_id is not None:
            documents[kind.name] = await _read(db, kind, version_id)
    return Published(documents)


async def _read(db: Connection, kind: Kind[D], version_id: UUID) -> D:
    known = _decoded.get(kind.name)
    if known is not None and known[0] == version_id:
        return cast(D, known[1])
    document = await get_document(db, kind, version_id)
    _decoded[kind.name] = (version_id, document)
    return document


async def get_document(db: Connection, kind: Kind[D], version_id: UUID) -> D:
    """The document of one version. Raises NotFound."""
    raw = await db.fetchval("select document from document_version where id = $1 and kind = $2", version_id, kind.name)
    if raw is None:
        raise NotFound(what="version")
    return msgspec.convert(raw, kind.type)


async def history(db: Connection, kind: Kind[Any], *, limit: int = 200) -> list[Version]:
    """All versions of a kind, the latest first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from document_version where kind = $1 order by number desc limit $2",  # noqa: S608
        kind.name,
        limit,
    )
    return to_structs(Version, rows)


async def get_version(db: Connection, kind: Kind[Any], version_id: UUID) -> Version:
    """One version. Raises NotFound."""
    row = await db.fetchrow(
        f"select {_COLUMNS} from document_version where id = $1 and kind = $2",  # noqa: S608
        version_id,
        kind.name,
    )
    if row is None:
        raise NotFound(what="version")
    return Version(**dict(row))


def read_document(kind: Kind[D], raw: Any) -> D:
    """A document from plain values, checked. Raises InvalidValue naming the field."""
    try:
        document = msgspec.convert(raw, kind.type)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$")
        raise InvalidValue(field=place.rstrip("`").lstrip(".") or kind.name, expected=problem) from error
    kind.check(document)
    return document


async def standing(db: Connection, kind: Kind[Any]) -> UUID | None:
    """The version that holds, if any does."""
    found: UUID | None = await db.fetchval(
        "select id from document_version where state = 'published' and kind = $1", kind.name
    )
    return found


async def save_draft(
    db: Connection,
    kind: Kind[D],
    document: D,
    *,
    note: str,
    actor: Actor,
    now: datetime,
    based_on: UUID | None = None,
) -> Version:
    """Write a new draft; what is published stays. Emits document.drafted.

    `based_on` is the version that held when its author began: Conflict if another one has been published since.
    Raises what the kind's check raises.
    """
    actor.require(kind.permission)
    kind.check(document)
    await one_at_a_time(db, kind)
    if based_on is not None and await standing(db, kind) != based_on:
        raise Conflict
    number = await _insert(db, kind, document, note=note, actor=actor, now=now)
    version = await _by_number(db, kind, number)
    await _tell(db, version, DocumentDrafted(kind=kind.name, number=number), actor, now)
    return version


async def publish(db: Connection, kind: Kind[Any], version_id: UUID, *, actor: Actor, now: datetime) -> Version:
    """Let a draft hold from now on; what held before retires. Emits document.published.

    Raises NotFound, and Conflict when it is no draft any more.
    """
    actor.require(kind.permission)
    await one_at_a_time(db, kind)
    version = await get_version(db, kind, version_id)
    if version.state != "draft":
        raise Conflict
    kind.check(await get_document(db, kind, version_id))
    return await _let_hold(db, kind, version, actor=actor, now=now, back_to=None)


async def roll_back(db: Connection, kind: Kind[Any], version_id: UUID, *, actor: Actor, now: datetime) -> Version:
    """Publish an older version anew, under a new number. Emits document.published.

    Raises NotFound, and Conflict when it has never been published or holds already.
    """
    actor.require(kind.permission)
    await one_at_a_time(db, kind)
    old = await get_version(db, kind, version_id)
    if old.state != "retired":
        raise Conflict
    document = await get_document(db, kind, version_id)
    number = await _insert(db, kind, document, note=old.note, actor=actor, now=now)
    return await _let_hold(db, kind, await _by_number(db, kind, number), actor=actor, now=now, back_to=old.number)


async def publish_new(
    db: Connection, kind: Kind[D], document: D, *, note: str = "", actor: Actor, now: datetime
) -> Version:
    """Draft and publish in one step: for setting up a shop."""
    draft = await save_draft(db, kind, document, note=note, actor=actor, now=now)
    return await publish(db, kind, draft.id, actor=actor, now=now)


async def one_at_a_time(db: Connection, kind: Kind[Any]) -> None:
    """Numbers and what holds are decided by one writer of a kind at a time; readers are not held up.

    Whoever reads what holds to change a part of it begins with this, so that no other's change is lost.
    """
    await db.execute("select pg_advisory_xact_lock(hashtextextended('document:' || $1, 0))", kind.name)


async def _insert(db: Connection, kind: Kind[D], document: D, *, note: str, actor: Actor, now: datetime) -> int:
    number: int = await db.fetchval(
        """
        insert into document_version (id, kind, number, state, document, note, author, created_at)
        select $1, $2, coalesce(max(number), 0) + 1, 'draft', $3, $4, $5, $6 from document_version where kind = $2
        returning number
        """,
        uuid7(),
        kind.name,
        msgspec.to_builtins(document),
        note.strip(),
        str(actor),
        now,
    )
    return number


async def _by_number(db: Connection, kind: Kind[Any], number: int) -> Version:
    row = await db.fetchrow(
        f"select {_COLUMNS} from document_version where kind = $1 and number = $2",  # noqa: S608
        kind.name,
        number,
    )
    assert row is not None, "written in this transaction"
    return Version(**dict(row))


async def _let_hold(
    db: Connection, kind: Kind[Any], version: Version, *, actor: Actor, now: datetime, back_to: int | None
) -> Version:
    await db.execute("update document_version set state = 'retired' where kind = $1 and state = 'published'", kind.name)
    await db.execute(
        "update document_version set state = 'published', published_at = $2 where id = $1", version.id, now
    )
    payload = DocumentPublished(kind=kind.name, number=version.number, back_to=back_to)
    await _tell(db, version, payload, actor, now)
    return await get_version(db, kind, version.id)


async def _tell(db: Connection, version: Version, payload: Payload, actor: Actor, now: datetime) -> None:
    await emit(db, [Happened(payload=payload, subject=f"document:{version.kind}", occurred_at=now)], actor=actor)
