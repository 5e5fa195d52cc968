"""What a machine wants is decided and written down: claimed with its budget, asked about, refused, or failed.

One lock holds a machine's purchases in line, its own row's: whoever claims sees all that was claimed before, so that
a budget is never passed, however many ask at once. Why it holds: docs/algorithms/mandates.md.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.actor import machine as machine_actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.versions import published
from kupec.machines.mandates.deciding import best_of, decide
from kupec.machines.mandates.errors import TooManyRefusals
from kupec.machines.mandates.events import PurchaseAsked, PurchaseFailed, PurchaseRefused
from kupec.machines.mandates.models import (
    Allowed,
    BoughtLine,
    Decision,
    ForeignPurchase,
    Machine,
    Mandate,
    NeedsApproval,
    Purchase,
    PurchaseState,
    Refused,
    Spent,
    Wish,
)
from kupec.machines.mandates.periods import period_of
from kupec.machines.mandates.rows import get_purchase, lock_machine, read_mandates, read_purchases, tell
from kupec.machines.mandates.rules import MANDATES

LEASE: Final = timedelta(seconds=45)
"""Longer than a purchase takes, a slow card gateway included. Should it run out all the same, whoever looks next makes
the same try, and one order comes of both."""
_LONGEST_KEY: Final = 200

_SPENT = """
select asked.id, sums.total, sums.orders
  from unnest($1::uuid[], $2::timestamptz[]) as asked (id, begins), lateral (
select coalesce(sum(greatest(p.total - p.given_back - coalesce(refunds.amount, 0), 0)), 0)::bigint as total,
       count(*) as orders
  from purchase p
  left join sales_order o on o.id = p.order_id
  left join lateral (select sum(amount) as amount from order_refund where order_id = p.order_id) refunds on true
 where p.mandate_id = asked.id and p.state in ('claimed', 'asked', 'placed')
   and (asked.begins is null or p.claimed_at >= asked.begins)
   and p.id is distinct from $3 and (o.state is null or o.state not in ('cancelled', 'abandoned'))) as sums
"""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written about a purchase, new or under way."""

    state: PurchaseState
    wish: Wish
    mandate: Mandate | None = None
    reason: str | None = None
    fields: dict[str, Any] = {}
    cart_id: UUID | None = None
    card_id: UUID | None = None


async def spent_under(db: Connection, mandate: Mandate, *, now: datetime, without: UUID | None = None) -> Spent:
    """What counts against a mandate in the period that `now` is in: claimed, asked about, and ordered; less what was
    cancelled or given back. `without` is a purchase that is not to count.
    """
    return (await spent_under_each(db, [mandate], now=now, without=without))[mandate.id]


async def spent_under_each(
    db: Connection, mandates: Sequence[Mandate], *, now: datetime, without: UUID | None = None
) -> dict[UUID, Spent]:
    """As `spent_under`, of several."""
    begins = [period_of(one.budget_period, now, one.zone)[0] for one in mandates]
    rows = await db.fetch(_SPENT, [one.id for one in mandates], begins, without)
    return {row["id"]: Spent(total=row["total"], orders=row["orders"]) for row in rows}


async def purchase_by_key(db: Connection, machine_id: UUID, key: str) -> Purchase | None:
    """What a machine has asked for under this key, if anything."""
    found = await read_purchases(db, "where p.machine_id = $1 and p.key = $2", machine_id, key)
    return found[0] if found else None


async def carts_in_hand(db: Connection, cart_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these carts that are being bought under a mandate, or that an owner is asked about: as they are, and by
    no other way of paying. Whoever wants to change one locks it first.
    """
    rows = await db.fetch(
        "select distinct cart_id from purchase where cart_id = any($1::uuid[]) and state in ('claimed', 'asked')",
        list(cart_ids),
    )
    return {row["cart_id"] for row in rows}


async def candidates(db: Connection, machine: Machine, seller: str, mandate_id: UUID | None) -> list[Mandate]:
    """The mandates that may speak of a purchase at this seller: the named one, else those that are not over; where
    none knows the seller, all, so that one of them can say why not.
    """
    found = await read_mandates(
        db,
        "where machine_id = $1 and (id = $2 or $2::uuid is null) order by created_at desc, id desc limit 50",
        *(machine.id, mandate_id),
    )
    living = [each for each in reversed(found) if each.revoked_at is None] or found[:1]
    return [each for each in living if seller in each.sellers] or living


async def claim_purchase(db: Connection, wanted: ForeignPurchase, *, now: datetime) -> Purchase:
    """Something is to be bought of another seller: decided and written down under the same books as everything else.

    The same key again is the same purchase. "claimed" has its budget, and is to be ordered now and noted by
    `note_purchase`; "asked" waits for its owner, and is found by `claimed_elsewhere` once they have said yes; "refused"
    says why. Emits purchase.asked or purchase.refused. Raises NotFound (machine), InvalidValue (key), TooManyRefusals.
    """
    check_key(wanted.key)
    machine = await lock_machine(db, wanted.machine_id)
    known = await purchase_by_key(db, machine.id, wanted.key)
    if known is not None:
        return known
    stopped = stopped_by(machine)
    decided: list[tuple[Mandate, Decision]] = []
    if stopped is None:
        for mandate in await candidates(db, machine, wanted.wish.seller, wanted.mandate_id):
            spent = await spent_under(db, mandate, now=now)
            decided.append((mandate, decide(mandate, wanted.wish, spent, now)))
    best = best_of(decided)
    found = found_of(best, wanted.wish, stopped)
    return await write(db, machine, wanted.key, found, why=wanted.why, now=now)


def check_key(key: str) -> None:
    """Raises InvalidValue."""
    if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
        raise InvalidValue(field="key", expected=_("a key of at most 200 characters"))


def stopped_by(machine: Machine) -> Refused | None:
    """Why a machine buys nothing at all, whatever its mandates say."""
    return None if machine.state == "active" else Refused(code=f"machine_{machine.state}")


def found_of(best: tuple[Mandate, Decision] | None, wish: Wish, stopped: Refused | None = None) -> Found:
    """What a decision comes to. Pure."""
    if stopped is not None:
        return Found(state="refused", wish=wish, reason=stopped.code, fields=stopped.fields)
    if best is None:
        return Found(state="refused", wish=wish, reason="no_mandate")
    mandate, decision = best
    if isinstance(decision, Allowed):
        return Found(state="claimed", wish=wish, mandate=mandate)
    if isinstance(decision, NeedsApproval):
        fields = {"limit": decision.limit, "currency": wish.currency} if decision.limit is not None else {}
        return Found(state="asked", wish=wish, mandate=mandate, reason=decision.code, fields=fields)
    return Found(state="refused", wish=wish, mandate=mandate, reason=decision.code, fields=decision.fields)


async def write(
    db: Connection, machine: Machine, key: str, found: Found, *, why: dict[str, Any], now: datetime
) -> Purchase:
    """Write a new purchase with what was found about it, and its event. The machine is locked.

    Raises TooManyRefusals where it is one refusal too many.
    """
    rules = (await published(db, MANDATES))[MANDATES]
    if found.state in ("refused", "failed"):
        await _check_refusals(db, machine, rules.most_refusals, now)
    purchase_id = uuid7()
    counts = found.state in ("claimed", "asked")
    expires_at = now + timedelta(days=rules.approval_days) if found.state == "asked" else None
    await db.execute(
        """
        insert into purchase (id, mandate_id, machine_id, party_id, key, seller, lines, total, currency, state, reason,
                              reason_fields, why, cart_id, card_id, created_at, claimed_at, expires_at, next_try_at,
                              decided_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
        """,
        *(purchase_id, found.mandate.id if found.mandate else None, machine.id, machine.party_id, key),
        *(found.wish.seller, msgspec.to_builtins(bought(found.wish)), found.wish.total, found.wish.currency),
        *(found.state, found.reason, found.fields, why, found.cart_id, found.card_id, now),
        *(now if counts else None, expires_at, now + LEASE if found.state == "claimed" else None),
        None if counts else now,
    )
    purchase = await get_purchase(db, purchase_id)
    await tell_of(db, purchase, actor=actor_of(machine.id), now=now)
    return purchase


async def _check_refusals(db: Connection, machine: Machine, most: int, now: datetime) -> None:
    count = await db.fetchval(
        "select count(*) from (select from purchase where machine_id = $1 and created_at > $2 "
        "and state in ('refused', 'failed') limit $3) seen",
        *(machine.id, now - timedelta(hours=1), most),
    )
    if count >= most:
        raise TooManyRefusals


def bought(wish: Wish) -> list[BoughtLine]:
    return [
        BoughtLine(sku=line.sku, quantity=line.quantity, name=line.name, total=line.total, categories=line.categories)
        for line in wish.lines
    ]


def actor_of(machine_id: UUID) -> Actor:
    """The machine as the author of what it buys."""
    return machine_actor(str(machine_id))


async def tell_of(db: Connection, purchase: Purchase, *, actor: Actor, now: datetime) -> None:
    """The event of a purchase that was asked about, refused, or failed; a claim is told when it is decided."""
    about = about_purchase(purchase)
    if purchase.state == "asked":
        assert purchase.expires_at is not None, "asked until then"
        told = PurchaseAsked(**about, reason=purchase.reason or "", expires_at=purchase.expires_at)
        await tell(db, f"purchase:{purchase.id}", purchase.party_id, [told], actor=actor, now=now)
    elif purchase.state in ("refused", "failed"):
        kind = PurchaseRefused if purchase.state == "refused" else PurchaseFailed
        told_no = kind(**about, reason=purchase.reason or "")
        await tell(db, f"purchase:{purchase.id}", purchase.party_id, [told_no], actor=actor, now=now)


def about_purchase(purchase: Purchase) -> dict[str, Any]:
    names: Sequence[str] = ("machine_id", "mandate_id", "seller", "total", "currency")
    return {name: getattr(purchase, name) for name in names}
