"""Consent: what a customer's data may be used for. Words are only added; over all ids of a customer the latest counts.

Worked examples: docs/algorithms/consent.md.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.customers.consent_errors import ConsentMissing
from kupec.customers.consent_events import ConsentGiven, ConsentWithdrawn
from kupec.customers.consent_models import CONSENTS, Consent, Consents, ConsentStanding, Proof, Purpose
from kupec.customers.contacts import normalise_email
from kupec.customers.membership import members_of, roots
from kupec.customers.points import grant_for_consent, take_back_for_consent
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.kit.versions import get_version, published, standing

_COLUMNS = "id, member_id, purpose, given, at, version, revision, how, order_id, reason, actor"

# Two words of the same moment: no wins.
_ALLOWED = """
with asked as (
    select one.id, coalesce(alias.party_id, one.id) as root
      from (select distinct unnest($1::uuid[]) as id) one left join party_alias alias on alias.member_id = one.id
), member as (
    select root, root as member_id from asked
    union
    select asked.root, alias.member_id from asked join party_alias alias on alias.party_id = asked.root
), last as (
    select distinct on (member.root) member.root, consent.given, consent.revision
      from member join consent on consent.member_id = member.member_id and consent.purpose = $2
     order by member.root, consent.at desc, consent.given, consent.id desc
)
select asked.id from asked join last using (root) where last.given and last.revision >= $3
"""
_LATEST = f"""
select distinct on (purpose) {_COLUMNS} from consent where member_id = any($1::uuid[])
 order by purpose, at desc, given, id desc
"""  # noqa: S608


async def allowed(db: Connection, party_ids: Sequence[UUID], purpose: str) -> set[UUID]:
    """Which of these customers (or visitors) agree to `purpose` now; one statement for thousands.

    `service` needs no consent; a purpose that is not in the document has nobody's.
    """
    known = (await published(db, CONSENTS))[CONSENTS].purpose(purpose)
    if known is None:
        return set()
    if known.basis == "contract":
        return set(party_ids)
    return {row["id"] for row in await db.fetch(_ALLOWED, list(party_ids), purpose, known.revision)}


async def require_consent(db: Connection, party_id: UUID, purpose: str) -> None:
    """Raises ConsentMissing, naming the purpose, unless the customer agrees to it now."""
    if party_id not in await allowed(db, [party_id], purpose):
        raise ConsentMissing(purpose=purpose)


async def give_consent(
    db: Connection, party_id: UUID, purpose: str, *, proof: Proof, actor: Actor, now: datetime
) -> None:
    """The customer agrees to a purpose. What stands already is not said again. Emits consent.given, points.granted.

    A customer does it for themself, a visitor (a guest by that id) too; the desk needs "customers.write" and a
    reason. What is promised in return in points is granted at once, the first time only. Raises InvalidValue
    (purpose, reason).
    """
    _check(party_id, proof, actor)
    document = (await published(db, CONSENTS))[CONSENTS]
    about = _purpose(document, purpose)
    if party_id in await allowed(db, [party_id], purpose):
        return
    root = (await roots(db, [party_id]))[party_id]
    version = await _version(db)
    consent_id = await _say(db, root, about, given=True, version=version, proof=proof, actor=actor, now=now)
    payload = ConsentGiven(
        consent_id=consent_id, purpose=purpose, version=version, revision=about.revision, how=proof.how
    )
    await emit(db, [_happened(payload, root, now)], actor=actor)
    await grant_for_consent(db, root, about, now=now)


async def withdraw_consent(
    db: Connection, party_id: UUID, purpose: str, *, proof: Proof, actor: Actor, now: datetime
) -> None:
    """The customer does not agree (any more); after a no nothing is written. Emits consent.withdrawn.

    A link of confirmation that was mailed before does not bring it back. Rights and errors as `give_consent`. Points
    stay unless the document of points takes the unspent ones back.
    """
    _check(party_id, proof, actor)
    about = _purpose((await published(db, CONSENTS))[CONSENTS], purpose)
    root = (await roots(db, [party_id]))[party_id]
    last = (await _latest(db, await members_of(db, root))).get(purpose)
    if last is not None and not last.given:
        return
    version = await _version(db)
    # The no is the later word even where the clocks of two processes disagree.
    at = max(now, last.at) if last is not None else now
    consent_id = await _say(db, root, about, given=False, version=version, proof=proof, actor=actor, now=at)
    payload = ConsentWithdrawn(consent_id=consent_id, purpose=purpose, version=version, how=proof.how)
    await emit(db, [_happened(payload, root, now)], actor=actor)
    await take_back_for_consent(db, root, about, actor=actor, now=now)


async def withdraw_all(db: Connection, party_id: UUID, *, proof: Proof, actor: Actor, now: datetime) -> None:
    """Nothing is agreed to any more. As `withdraw_consent` for each purpose that was agreed to or waits for it."""
    for one in await consents_of(db, party_id):
        if one.purpose.basis == "consent" and (one.allowed or one.outdated or one.waiting):
            await withdraw_consent(db, party_id, one.purpose.code, proof=proof, actor=actor, now=now)


async def consents_of(db: Connection, party_id: UUID) -> list[ConsentStanding]:
    """What holds for each purpose of the document, in its order."""
    document = (await published(db, CONSENTS))[CONSENTS]
    members = await members_of(db, party_id)
    latest = await _latest(db, members)
    waiting = await db.fetch(
        "select purpose, max(at) as at from consent_ask cross join unnest(purposes) as purpose "
        "where party_id = any($1::uuid[]) and confirmed_at is null group by purpose",
        members,
    )
    asked = {row["purpose"]: row["at"] for row in waiting}
    return [_standing(one, latest.get(one.code), asked.get(one.code)) for one in document.purposes]


def _standing(purpose: Purpose, last: Consent | None, asked: datetime | None) -> ConsentStanding:
    if purpose.basis == "contract":
        return ConsentStanding(purpose=purpose, allowed=True)
    given = last is not None and last.given
    current = last is not None and last.revision >= purpose.revision
    return ConsentStanding(
        purpose=purpose,
        allowed=given and current,
        outdated=given and not current,
        waiting=asked is not None and not (given and current) and (last is None or asked > last.at),
        last=last,
    )


async def consent_history(db: Connection, party_id: UUID, *, limit: int = 200) -> list[Consent]:
    """Every word of a customer, the latest first, under all their ids."""
    rows = await db.fetch(
        f"select {_COLUMNS} from consent where member_id = any($1::uuid[]) order by at desc, id desc limit $2",  # noqa: S608
        await members_of(db, party_id),
        limit,
    )
    return to_structs(Consent, rows)


def address_hash(consent_id: UUID, address: str) -> str:
    """What proves that it was this address, without keeping it. Salted by the row, so that equal ones differ."""
    return hashlib.sha256(consent_id.bytes + address.encode()).hexdigest()


def _check(party_id: UUID, proof: Proof, actor: Actor) -> None:
    if not (actor.kind == "guest" and actor.id == str(party_id)):
        actor.require_for(party_id, "customers.write", role="buyer")
    if len(proof.reason) > 500 or (proof.how == "desk" and not proof.reason.strip()):
        raise InvalidValue(field="reason", expected="a reason of at most 500 characters")


def _purpose(document: Consents, code: str) -> Purpose:
    found = document.purpose(code)
    if found is None or found.basis == "contract":
        known = ", ".join(one.code for one in document.purposes if one.basis == "consent")
        raise InvalidValue(field="purpose", expected=known)
    return found


async def _version(db: Connection) -> int:
    holds = await standing(db, CONSENTS)
    return 0 if holds is None else (await get_version(db, CONSENTS, holds)).number


async def _latest(db: Connection, members: Sequence[UUID]) -> dict[str, Consent]:
    return {row["purpose"]: Consent(**dict(row)) for row in await db.fetch(_LATEST, members)}


async def _say(
    db: Connection,
    member_id: UUID,
    purpose: Purpose,
    *,
    given: bool,
    version: int,
    proof: Proof,
    actor: Actor,
    now: datetime,
) -> UUID:
    consent_id = uuid7()
    hashed = address_hash(consent_id, normalise_email(proof.address)) if proof.address else None
    await db.execute(
        """
        insert into consent (id, member_id, purpose, given, at, version, revision, how, order_id, address_hash, reason,
                             actor)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        *(consent_id, member_id, purpose.code, given, now, version, purpose.revision, proof.how, proof.order_id),
        *(hashed, proof.reason.strip(), str(actor)),
    )
    return consent_id


def _happened(payload: ConsentGiven | ConsentWithdrawn, root: UUID, now: datetime) -> Happened:
    return Happened(payload=payload, subject=f"customer:{root}", customer_id=root, occurred_at=now)
