"""Sellers answer: a sealed quote, replaced by the next one until the deadline; a policy by which we quote for them."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_struct
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7
from kupec.machines.market.bounds import bound_quotes
from kupec.machines.market.deciding import in_time
from kupec.machines.market.errors import OwnRequest
from kupec.machines.market.events import QuotingPolicySet, RfqQuoted, RfqQuoteLate
from kupec.machines.market.models import NewQuote, Quote, Rfq
from kupec.machines.market.quoting import SellerPolicy, check_policy
from kupec.machines.market.rows import QUOTE, get_rfq, require_machine


async def submit_quote(
    db: Connection, rfq_id: UUID, machine_id: UUID, new: NewQuote, *, actor: Actor, now: datetime
) -> Quote:
    """An outside seller's sealed quote. Its earlier one is replaced; the very same again changes nothing.

    After the deadline, or once the seals are broken, it is kept as "late" and is never looked at. Raises Forbidden,
    NotFound, OwnRequest, InvalidValue, TooManyRequests. Emits rfq.quoted or rfq.quote_late.
    """
    require_machine(actor, machine_id)
    check_quote(new)
    # The decision locks the row for itself: what waited for it comes too late, whatever its clock says.
    rfq = await get_rfq(db, rfq_id, lock="for share")
    own = await db.fetchval("select party_id = $2 from machine where id = $1", machine_id, rfq.party_id)
    if own is None:
        raise NotFound(what="machine")
    if own:
        raise OwnRequest
    if rfq.state != "open" or not in_time(now, rfq.deadline):
        late = await _insert(db, rfq_id, machine_id, new, "late", now)
        await _tell(db, rfq, RfqQuoteLate(quote_id=late.id, seller=late.seller), actor, now)
        return late
    return await _sealed(db, rfq, machine_id, new, actor=actor, now=now)


async def _sealed(db: Connection, rfq: Rfq, machine_id: UUID, new: NewQuote, *, actor: Actor, now: datetime) -> Quote:
    # One seller's quotes on one request are put one after another; other sellers are not held up.
    await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"quote:{rfq.id}:{machine_id}")
    row = await db.fetchrow(
        f"select {QUOTE} from quote where rfq_id = $1 and seller = $2 and state = 'sealed'",  # noqa: S608
        rfq.id,
        str(machine_id),
    )
    before = to_struct(Quote, row) if row is not None else None
    if before is not None:
        if (before.unit_price, before.lead_days, before.quantity) == (new.unit_price, new.lead_days, new.quantity):
            return before
        await db.execute("update quote set state = 'replaced' where id = $1", before.id)
    quote = await _insert(db, rfq.id, machine_id, new, "sealed", now)
    told = RfqQuoted(quote_id=quote.id, seller=quote.seller, again=before is not None)
    await _tell(db, rfq, told, actor, now)
    return quote


def check_quote(new: NewQuote) -> None:
    """Raises InvalidValue naming the member."""
    for field, value, least, most in (
        ("unit_price", new.unit_price, 1, 10**12),
        ("lead_days", new.lead_days, 0, 3650),
        ("quantity", new.quantity, 1, 1_000_000),
    ):
        if not least <= value <= most:
            raise InvalidValue(field=field, expected=f"{least:,} to {most:,}")


async def _insert(db: Connection, rfq_id: UUID, machine_id: UUID, new: NewQuote, state: str, now: datetime) -> Quote:
    row = await db.fetchrow(
        f"""
        insert into quote (id, rfq_id, seller, machine_id, unit_price, lead_days, quantity, received_at, state)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning {QUOTE}
        """,  # noqa: S608
        uuid7(),
        rfq_id,
        str(machine_id),
        machine_id,
        new.unit_price,
        new.lead_days,
        new.quantity,
        now,
        state,
    )
    assert row is not None, "just written"
    await bound_quotes(db, machine_id, now=now)
    return to_struct(Quote, row)


async def _tell(db: Connection, rfq: Rfq, payload: Payload, actor: Actor, now: datetime) -> None:
    await emit(db, [Happened(payload=payload, subject=f"rfq:{rfq.id}", occurred_at=now)], actor=actor)


async def set_quoting_policy(
    db: Connection, machine_id: UUID, policy: SellerPolicy, *, active: bool = True, actor: Actor, now: datetime
) -> int:
    """Have us quote for an outside seller from now on, or no longer; the new version's number.

    Raises Forbidden, NotFound, InvalidValue naming the path. Emits quoting_policy.set.
    """
    require_machine(actor, machine_id)
    check_policy(policy)
    if await db.fetchval("select id from machine where id = $1 for no key update", machine_id) is None:
        raise NotFound(what="machine")
    version: int = await db.fetchval(
        """
        insert into quoting_policy (machine_id, version, policy, active, created_at)
        select $1, coalesce(max(version), 0) + 1, $2, $3, $4 from quoting_policy where machine_id = $1
        returning version
        """,
        machine_id,
        msgspec.to_builtins(policy),
        active,
        now,
    )
    payload = QuotingPolicySet(version=version, goods=len(policy.goods), active=active)
    await emit(db, [Happened(payload=payload, subject=f"machine:{machine_id}", occurred_at=now)], actor=actor)
    return version
