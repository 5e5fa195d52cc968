"""Two records of one customer become one, on proof, and two again if it was a mistake.

Nothing is moved: the absorbed customer's ids become members of the survivor, and who reads asks for all of them. Only
fields that the survivor lacks are filled, and what was there before is remembered. docs/algorithms/merge.md has the
worked example.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from kupec.customers.contact_points import PERMISSION
from kupec.customers.contacts import name_keys
from kupec.customers.membership import add_alias, drop_alias, members_of, root_of
from kupec.customers.merge_doors import shut_what_was_opened
from kupec.customers.merge_fields import differences, fill, give_back, value_of
from kupec.customers.party_errors import AlreadyMerged, DifferentKinds, NotProved, UndoLaterFirst
from kupec.customers.party_events import PartyMerged, PartyUnmerged
from kupec.customers.privacy_models import AlreadyErased
from kupec.customers.privacy_requests import was_erased
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7

Guard = Callable[[Connection, Sequence[UUID], Sequence[UUID]], Awaitable[None]]
"""Given the ids of the survivor and of the absorbed, raises a KupecError when the two may not become one."""

_FIELDS = "id, kind, name, language, company_id, vat_id, price_group, segments, custom"


class MergeProof(msgspec.Struct, frozen=True, kw_only=True):
    """Why two records are one customer.

    "contact_point" and "identity": both have shown the same (`kind` and `value`, or the channel and who they are
    there). "staff": somebody of the staff says what they saw ("identity card seen").
    """

    source: Literal["contact_point", "identity", "staff"]
    kind: str = ""
    value: str = ""
    stated: str = ""


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """A merge that was made. `filled` says which fields of the survivor it filled."""

    id: UUID
    survivor_id: UUID
    absorbed_id: UUID
    absorbed: str
    proof: str
    stated: str
    filled: list[str]
    merged_at: datetime
    merged_by: str


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of one field. `conflict`: both have a value, and they differ."""

    field: str
    survivor: Any
    absorbed: Any
    taken_from: Literal["survivor", "absorbed"]
    conflict: bool


class MergePreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a merge would do. `counts` are rows of this room that come together; `refused` is why it may not be."""

    survivor_id: UUID
    absorbed_id: UUID
    fields: list[Taken]
    counts: dict[str, int]
    shared: list[tuple[str, str]]
    """Addresses and identities that both have shown: (kind, value)."""
    refused: KupecError | None


async def merge_preview(
    db: Connection, survivor_id: UUID, absorbed_id: UUID, *, guards: Sequence[Guard] = ()
) -> MergePreview:
    """What `merge_parties` would do with these two, and whether it may. Raises NotFound."""
    both = await _both(db, survivor_id, absorbed_id, lock=False)
    members = await members_of(db, survivor_id), await members_of(db, absorbed_id)
    return MergePreview(
        survivor_id=survivor_id,
        absorbed_id=absorbed_id,
        fields=[
            Taken(
                field=one.field,
                survivor=one.survivor,
                absorbed=one.absorbed,
                taken_from="absorbed" if one.fills else "survivor",
                conflict=one.conflict,
            )
            for one in differences(both[0], both[1])
        ],
        counts=await _counts(db, members[1]),
        shared=[(row["kind"], row["value"]) for row in await _shared(db, *members)],
        refused=await _refusal(db, both, members, guards),
    )


async def _refusal(
    db: Connection,
    both: tuple[Mapping[str, Any], Mapping[str, Any]],
    members: tuple[list[UUID], list[UUID]],
    guards: Sequence[Guard],
) -> KupecError | None:
    try:
        await _check(db, both, members, guards)
    except KupecError as error:
        return error
    return None


async def merge_parties(
    db: Connection,
    survivor_id: UUID,
    absorbed_id: UUID,
    *,
    proof: MergeProof,
    guards: Sequence[Guard] = (),
    take: Collection[str] = (),
    actor: Actor,
    now: datetime,
) -> UUID:
    """From now on the absorbed customer is the survivor; returns the id by which it can be undone.

    Fields that the survivor lacks are filled; those in `take` are taken over though the survivor has others. Proof by
    the staff needs "customers.write"; an address or identity that both have shown may also be put forward by the
    system, or by the survivor themself. Raises NotFound, AlreadyMerged, DifferentKinds, AlreadyErased, NotProved,
    InvalidValue (stated), and what a guard raises. Emits party.merged.
    """
    _may(actor, survivor_id, proof)
    both = await _both(db, survivor_id, absorbed_id, lock=True)
    members = await members_of(db, survivor_id), await members_of(db, absorbed_id)
    await _check(db, both, members, guards)
    stated = await _proved(db, *members, proof)
    filled = [one for one in differences(both[0], both[1]) if one.fills or (one.conflict and one.field in take)]
    if filled:
        await _write(db, fill(both[0], filled))
    merge_id = uuid7()
    await db.execute(
        """
        insert into party_merge (id, survivor_id, absorbed_id, proof, stated, filled, merged_at, merged_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *(merge_id, survivor_id, absorbed_id, proof.source, stated),
        {one.field: {"before": one.survivor, "after": one.absorbed} for one in filled},
        *(now, str(actor)),
    )
    await add_alias(db, absorbed_id, survivor_id, "merged", now=now)
    told = PartyMerged(
        merge_id=merge_id, absorbed_id=absorbed_id, proof=proof.source, filled=[one.field for one in filled]
    )
    await _tell(db, survivor_id, told, actor, now)
    return merge_id


def _may(actor: Actor, survivor_id: UUID, proof: MergeProof) -> None:
    shown = proof.source != "staff"
    if not (shown and (actor.kind == "customer" and actor.id == str(survivor_id))):
        actor.require(PERMISSION)
    if not shown and not 3 <= len(proof.stated.strip()) <= 300:
        raise InvalidValue(field="stated", expected="what proves it, in a few words")


async def undo_merge(db: Connection, merge_id: UUID, *, actor: Actor, now: datetime) -> list[str]:
    """They are two again, each with what was theirs; returns the fields that stay because they were changed since.

    What was written for the customer after the merge stands with the survivor. Merges that filled nothing can be undone
    in any order; one that did waits for those that came later. Sessions, passkeys, passwords and exports that came
    about meanwhile end: they would open one's account to the other. Needs "privacy.write". Raises NotFound,
    UndoLaterFirst, AlreadyErased. Emits party.unmerged.
    """
    actor.require("privacy.write")
    row = await db.fetchrow("select survivor_id, absorbed_id from party_merge where id = $1", merge_id)
    if row is None:
        raise NotFound(what="merge")
    survivor_id, absorbed_id = row["survivor_id"], row["absorbed_id"]
    await _lock(db, survivor_id, absorbed_id)
    merge = await db.fetchrow(
        "select filled, merged_at from party_merge where id = $1 and undone_at is null for no key update", merge_id
    )
    if merge is None:
        raise NotFound(what="merge")
    if merge["filled"] and await _followed(db, merge_id, survivor_id):
        raise UndoLaterFirst
    together = await members_of(db, await root_of(db, survivor_id))
    if await was_erased(db, together[0]):
        raise AlreadyErased
    await shut_what_was_opened(db, together, merge["merged_at"])
    party = await _party(db, survivor_id)
    after, kept = give_back(party, merge["filled"])
    if after != party:
        await _write(db, after)
    await drop_alias(db, absorbed_id)
    await db.execute(
        "update party_merge set undone_at = $2, undone_by = $3 where id = $1", *(merge_id, now, str(actor))
    )
    await _tell(
        db, survivor_id, PartyUnmerged(merge_id=merge_id, absorbed_id=absorbed_id, kept=kept), actor, now, absorbed_id
    )
    return kept


async def merges_of(db: Connection, members: Sequence[UUID]) -> list[Merge]:
    """The merges that made a customer what they are, the latest first."""
    rows = await db.fetch(
        """
        select merge.id, survivor_id, absorbed_id, party.name as absorbed, proof, stated, filled, merged_at, merged_by
        from party_merge merge join party on party.id = absorbed_id
        where survivor_id = any($1::uuid[]) and undone_at is null order by merge.number desc
        """,
        list(members),
    )
    return [Merge(**{**row, "filled": sorted(row["filled"])}) for row in rows]


async def _both(
    db: Connection, survivor_id: UUID, absorbed_id: UUID, *, lock: bool
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    if lock:
        await _lock(db, survivor_id, absorbed_id)
    return await _party(db, survivor_id), await _party(db, absorbed_id)


async def _lock(db: Connection, *ids: UUID) -> None:
    await db.execute("select from party where id = any($1::uuid[]) order by id for no key update", sorted(ids))


async def _party(db: Connection, party_id: UUID) -> dict[str, Any]:
    row = await db.fetchrow(f"select {_FIELDS} from party where id = $1", party_id)  # noqa: S608
    if row is None:
        raise NotFound(what="customer")
    emails = await db.fetch("select value from contact_point where party_id = $1 and kind = 'email'", party_id)
    party = dict(row)
    # Who never said a name is called by their address: that is none.
    party["named"] = party["name"] not in {each["value"] for each in emails}
    return party


async def _check(
    db: Connection,
    both: tuple[Mapping[str, Any], Mapping[str, Any]],
    members: tuple[list[UUID], list[UUID]],
    guards: Sequence[Guard],
) -> None:
    survivor, absorbed = both
    ids = [survivor["id"], absorbed["id"]]
    if ids[0] == ids[1] or await db.fetchval(
        "select true from party_alias where member_id = any($1::uuid[]) limit 1", ids
    ):
        raise AlreadyMerged
    if survivor["kind"] != absorbed["kind"]:
        raise DifferentKinds
    # Whoever was forgotten stays so, and takes nobody along.
    for one in ids:
        if await was_erased(db, one):
            raise AlreadyErased
    for guard in guards:
        await guard(db, *members)


_SHARED = """
select point.kind, point.value from contact_point point join contact_claim claim using (kind, value)
where point.verified_at is not null and claim.proved_at is not null
  and (point.party_id = any($1::uuid[]) and claim.party_id = any($2::uuid[])
       or point.party_id = any($2::uuid[]) and claim.party_id = any($1::uuid[]))
union
select mine.channel, mine.identity from channel_identity mine
join contact_claim claim on claim.kind = mine.channel and claim.value = mine.identity
where mine.verified_at is not null and claim.proved_at is not null
  and (mine.party_id = any($1::uuid[]) and claim.party_id = any($2::uuid[])
       or mine.party_id = any($2::uuid[]) and claim.party_id = any($1::uuid[]))
order by 1, 2
"""


async def _shared(db: Connection, one: Sequence[UUID], other: Sequence[UUID]) -> list[Any]:
    return await db.fetch(_SHARED, list(one), list(other))


async def _proved(db: Connection, one: Sequence[UUID], other: Sequence[UUID], proof: MergeProof) -> str:
    """What is written down of the proof: what the staff state, or of which kind both have shown the same."""
    if proof.source == "staff":
        return " ".join(proof.stated.split())
    shared = {(row["kind"], row["value"]) for row in await _shared(db, one, other)}
    if (proof.kind, proof.value) not in shared:
        raise NotProved
    return proof.kind


_COUNTS = """
select (select count(*) from contact_point where party_id = any($1::uuid[])) as contact_points,
       (select count(*) from channel_identity where party_id = any($1::uuid[])) as identities,
       (select count(*) from party_address where party_id = any($1::uuid[])) as addresses,
       (select count(*) from party_note where party_id = any($1::uuid[]) and removed_at is null) as notes,
       (select count(*) from party_file where party_id = any($1::uuid[])) as files,
       (select count(*) from task where customer_id = any($1::uuid[]) and done_at is null) as tasks,
       (select count(*) from party_role where (organisation_id = any($1::uuid[]) or person_id = any($1::uuid[]))
           and until is null) as roles,
       (select count(*) from event where customer_id = any($1::uuid[])) as events
"""


async def _counts(db: Connection, members: Sequence[UUID]) -> dict[str, int]:
    row = await db.fetchrow(_COUNTS, list(members))
    return {name: count for name, count in dict(row or {}).items() if count}


async def _followed(db: Connection, merge_id: UUID, survivor_id: UUID) -> bool:
    """Whether the survivor has taken part in another merge since that stands."""
    found: bool | None = await db.fetchval(
        "select true from party_merge later join party_merge this on this.id = $1 and later.number > this.number "
        "where later.undone_at is null and $2 in (later.survivor_id, later.absorbed_id) limit 1",
        *(merge_id, survivor_id),
    )
    return bool(found)


async def _write(db: Connection, party: Mapping[str, Any]) -> None:
    await db.execute(
        """
        update party set name = $2, folded = $3, sort_key = $4, language = $5, company_id = $6, vat_id = $7,
               price_group = $8, segments = $9, custom = $10
        where id = $1
        """,
        *(party["id"], party["name"], *name_keys(party["name"], party["language"]), party["language"]),
        *(value_of(party, name) for name in ("company_id", "vat_id", "price_group", "segments", "custom")),
    )


async def _tell(
    db: Connection, survivor_id: UUID, payload: Payload, actor: Actor, now: datetime, other: UUID | None = None
) -> None:
    """`other` stands in the log by itself again, so it is told there, too."""
    events = [
        Happened(payload=payload, subject=f"customer:{one}", customer_id=one, occurred_at=now)
        for one in (survivor_id, other)
        if one is not None
    ]
    await emit(db, events, actor=actor)
