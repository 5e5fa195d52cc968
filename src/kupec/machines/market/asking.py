"""A machine asks: the request, and at once the sealed quotes of all whose policies quote by themselves."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kupec.catalogue import market as get_market
from kupec.catalogue import markets, sellable
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import IdempotencyMismatch, InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.versions import published, standing
from kupec.machines.market.bounds import bound_requests
from kupec.machines.market.events import RfqOpened, RfqQuotedByPolicy
from kupec.machines.market.models import OWN, Fastest, Named, NewRfq, Rfq, Score
from kupec.machines.market.quoting import QUOTING, GoodsPolicy, Offer, is_sku, own_policy, quote_of
from kupec.machines.market.rows import RFQ, require_machine, rfq_of

WEEK = timedelta(days=7)
LONGEST = 30 * 86_400  # seconds that a request may stay open


async def open_rfq(db: Connection, machine_id: UUID, new: NewRfq, *, key: str, actor: Actor, now: datetime) -> Rfq:
    """Ask all sellers for a price; the quotes are opened `new.seconds` later. The same key again is the same request.

    Whoever has us quote by a policy has quoted when this returns. Raises Forbidden, NotFound (the machine, the market),
    InvalidValue, IdempotencyMismatch, TooManyRequests. Emits rfq.opened, and rfq.quoted_by_policy if any did.
    """
    require_machine(actor, machine_id)
    check_rfq(new)
    party_id = await db.fetchval("select party_id from machine where id = $1", machine_id)
    if party_id is None:
        raise NotFound(what="machine")
    told = hashlib.sha256(msgspec.json.encode(new)).digest()
    place = await get_market(db, new.market) if new.market is not None else (await markets(db))[0]
    row = await db.fetchrow(
        f"""
        insert into rfq (id, machine_id, party_id, key, request_hash, sku, variant_id, market, currency, quantity,
                         most_price, within_days, rule, opened_at, deadline, state, last_seller)
        values ($1, $2, $3, $4, $5, $6, (select id from variant where sku = $6), $7, $8, $9, $10, $11, $12, $13, $14,
                'open', (select a.seller from award a join rfq r on r.id = a.rfq_id
                         where r.machine_id = $2 order by a.awarded_at desc, a.rfq_id desc limit 1))
        on conflict (machine_id, key) do nothing
        returning {RFQ}, variant_id
        """,  # noqa: S608
        uuid7(),
        machine_id,
        party_id,
        key,
        told,
        new.sku,
        place.code,
        place.currency,
        new.quantity,
        new.most_price,
        new.within_days,
        msgspec.to_builtins(new.rule),
        now,
        now + timedelta(seconds=new.seconds),
    )
    if row is None:
        return await _asked_before(db, machine_id, key, told)
    await bound_requests(db, machine_id, now=now)
    values = dict(row)
    variant_id = values.pop("variant_id")
    rfq = rfq_of(values)
    by: str = values["rule"]["by"]
    happened = [_happened(rfq, RfqOpened(sku=rfq.sku, quantity=rfq.quantity, by=by), now)]
    if quoted := await _quote_by_policy(db, rfq, variant_id, now=now):
        happened.append(_happened(rfq, RfqQuotedByPolicy(quotes=quoted), now))
    await emit(db, happened, actor=actor)
    return rfq


def check_rfq(new: NewRfq) -> None:
    """Raises InvalidValue naming the member."""
    if not is_sku(new.sku):
        raise InvalidValue(field="sku", expected=_("a SKU of at most 100 characters"))
    for field, value, least, most in (
        ("quantity", new.quantity, 1, 1_000_000),
        ("seconds", new.seconds, 1, LONGEST),
        ("most_price", new.most_price, 1, 10**12),
        ("within_days", new.within_days, 0, 3650),
        *_rule_bounds(new),
    ):
        if value is not None and not least <= value <= most:
            raise InvalidValue(field=field, expected=f"{least:,} to {most:,}")


def _rule_bounds(new: NewRfq) -> Sequence[tuple[str, int | None, int, int]]:
    rule = new.rule
    if isinstance(rule, Score):
        given = ((name, getattr(rule, name), 0, 1000) for name in ("price", "days", "known"))
        return [(f"rule.{name}", value, least, most) for name, value, least, most in given] + [
            ("rule", rule.price + rule.days, 1, 2000)
        ]
    if isinstance(rule, Named):
        return [("rule.minutes", rule.minutes, 1, 30 * 24 * 60)]
    return [("rule.dearer_bp", rule.dearer_bp, 0, 100_000)] if isinstance(rule, Fastest) else []


async def _asked_before(db: Connection, machine_id: UUID, key: str, told: bytes) -> Rfq:
    row = await db.fetchrow(
        f"select {RFQ}, request_hash from rfq where machine_id = $1 and key = $2",  # noqa: S608
        machine_id,
        key,
    )
    assert row is not None, "it was in the way of the new one"
    values = dict(row)
    if values.pop("request_hash") != told:
        raise IdempotencyMismatch
    return rfq_of(values)


async def _quote_by_policy(db: Connection, rfq: Rfq, variant_id: UUID | None, *, now: datetime) -> int:
    """The quotes of this shop and of all sellers with a policy for these goods; how many there are."""
    policies: list[tuple[str, UUID | None, GoodsPolicy, str]] = []
    own = await _own(db, rfq, variant_id, now=now)
    if own is not None:
        policies.append((OWN, None, *own))
    rows = await db.fetch(
        """
        select p.machine_id, p.version, p.policy -> 'goods' -> $1 as goods
        from quoting_policy p
        join machine m on m.id = p.machine_id and m.state = 'active' and m.party_id <> $2
        where p.active and p.policy -> 'goods' ? $1
          and p.version = (select max(version) from quoting_policy q where q.machine_id = p.machine_id)
        order by p.machine_id
        """,
        rfq.sku,
        rfq.party_id,
    )
    policies += [
        (str(row["machine_id"]), row["machine_id"], msgspec.convert(row["goods"], GoodsPolicy), str(row["version"]))
        for row in rows
    ]
    promised = await _promised(db, rfq.sku, now=now)
    quotes = [
        (seller, machine_id, offer, _basis(rfq, policy, version, promised.get(seller, 0)))
        for seller, machine_id, policy, version in policies
        if isinstance(offer := _offer(rfq, policy, promised.get(seller, 0)), Offer)
    ]
    await db.execute(
        """
        insert into quote (id, rfq_id, seller, machine_id, unit_price, lead_days, quantity, received_at, state, basis)
        select id, $2, seller, machine_id, price, days, pieces, $3, 'sealed', basis
        from unnest($1::uuid[], $4::text[], $5::uuid[], $6::bigint[], $7::int[], $8::int[], $9::jsonb[])
             as q (id, seller, machine_id, price, days, pieces, basis)
        """,
        [uuid7() for _ in quotes],
        rfq.id,
        now,
        [seller for seller, *_ in quotes],
        [machine_id for _, machine_id, *_ in quotes],
        [offer.unit_price for *_, offer, _ in quotes],
        [offer.lead_days for *_, offer, _ in quotes],
        [offer.quantity for *_, offer, _ in quotes],
        [basis for *_, basis in quotes],
    )
    return len(quotes)


def _offer(rfq: Rfq, policy: GoodsPolicy, promised: int) -> Any:
    return quote_of(policy, quantity=rfq.quantity, within_days=rfq.within_days, promised=promised)


def _basis(rfq: Rfq, policy: GoodsPolicy, version: str, promised: int) -> dict[str, Any]:
    """All that the quote was made of."""
    return {"policy": msgspec.to_builtins(policy), "version": version, "promised": promised}


async def _own(db: Connection, rfq: Rfq, variant_id: UUID | None, *, now: datetime) -> tuple[GoodsPolicy, str] | None:
    """This shop's policy for these goods, if it sells them and quotes, and the version of the document."""
    rules = (await published(db, QUOTING))[QUOTING]
    if variant_id is None or not rules.on:
        return None
    found = (await sellable(db, [(rfq.market, variant_id)], now=now)).get((rfq.market, variant_id))
    if found is None:
        return None
    free = found.available if found.stocked else None
    policy = own_policy(rules, rfq.sku, list_price=found.unit_amount, free=free, lead_days=found.lead_days)
    return policy, str(await standing(db, QUOTING) or "default")


async def _promised(db: Connection, sku: str, *, now: datetime) -> dict[str, int]:
    """By seller, the pieces of these goods that it has won within a week."""
    rows = await db.fetch(
        """
        select a.seller, sum(a.quantity)::int as pieces
        from award a join rfq r on r.id = a.rfq_id and r.sku = $1 and r.origin = 'live'
        where a.awarded_at > $2 and a.state <> 'refused'
        group by a.seller
        """,
        sku,
        now - WEEK,
    )
    return {row["seller"]: row["pieces"] for row in rows}


def _happened(rfq: Rfq, payload: Any, now: datetime) -> Happened:
    return Happened(payload=payload, subject=f"rfq:{rfq.id}", occurred_at=now, customer_id=rfq.party_id)
