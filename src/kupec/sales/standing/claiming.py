"""What is due is taken in hand: claimed for a while by one worker, with a cart for each, in one short transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec

from kupec.billing import PAYMENT, PaymentMethods, StoredCard, allow_accounts, stored_cards
from kupec.customers import open_task, roots
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.events import emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.versions import published
from kupec.sales.carts import CartChange, NewCart, create_carts, lock_carts, save_carts
from kupec.sales.drafts import UNDECIDED, withdraw_drafts
from kupec.sales.models import Cart
from kupec.sales.standing.estimates import cart_of, local_day
from kupec.sales.standing.events import OccurrenceMissed
from kupec.sales.standing.models import Occurrence, StandingLine, StandingOrder, WantedLine
from kupec.sales.standing.planning import plan_where_none
from kupec.sales.standing.rows import OCCURRENCE_FIELDS, STANDING_FIELDS, as_occurrence, as_standing, with_lines
from kupec.sales.standing.rules import STANDING
from kupec.sales.standing.telling import STANDING_ACTOR, happened

_FIELDS = ", ".join(
    [*("s.customer_id" if name == "customer_id" else f"o.{name}" for name in OCCURRENCE_FIELDS)]
    + [f"s.{name} as s_{name}" for name in STANDING_FIELDS]
)
BOTH = f"select {_FIELDS} from standing_order s join occurrence o on o.standing_order_id = s.id"  # noqa: S608
# Who speaks about a standing order locks it: a worker passes by, and comes again.
_DUE = f"{BOTH} where o.next_try_at <= $1 order by o.next_try_at, o.id limit $2 for no key update of s, o skip locked"

_TAKE = """
update occurrence o
   set state = 'placing', attempts = t.attempts, next_try_at = $4, cart_id = t.cart_id,
       missing = case when t.anew then null else o.missing end
  from unnest($1::uuid[], $2::int[], $3::uuid[], $5::boolean[]) as t (id, attempts, cart_id, anew)
 where o.id = t.id
"""


class Became(msgspec.Struct, frozen=True, kw_only=True):
    """What a cart has become so far: its order that is not abandoned, else the latest, with its latest payment."""

    order_id: UUID
    state: str
    number: str | None
    total: int
    currency: str
    key: str | None
    payment_state: str | None
    error_code: str | None

    @property
    def placed(self) -> bool:
        return self.state not in ("draft", "abandoned")

    @property
    def undecided(self) -> bool:
        return self.state == "draft" and self.payment_state in UNDECIDED


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """An occurrence in hand: which try it is, its cart, and what is wanted in it. `became` is what is known already."""

    occurrence: Occurrence
    standing: StandingOrder
    attempt: int
    cart_id: UUID
    wanted: list[WantedLine | StandingLine]
    card: StoredCard | None = None
    became: Became | None = None
    decided: Literal["placed", "failed"] | None = None

    @property
    def filled_anew(self) -> bool:
        """Whether its cart is made, or made again, as its standing order says: nothing is decided or under way."""
        return self.decided is None and not (self.became is not None and self.became.undecided)

    @property
    def key(self) -> str:
        """Under which this try is made at checkout: whoever makes it again makes the same."""
        return f"standing:{self.occurrence.id}:{self.attempt}"


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker has in hand; `taken` counts what was missed, too."""

    members: list[Claimed]
    taken: int


async def claim_due(db: Connection, *, now: datetime, limit: int, lease: timedelta) -> Claim:
    """Take due occurrences in hand until now + `lease`: each has its cart, and its standing order the next row.

    What a worker had in hand when it died is taken again when its lease has run out, as the same try. What was due
    longer ago than the rules allow is marked missed instead (occurrence.missed, and a task for the day), unless it is
    an order already. Standing orders that somebody speaks about at this moment are passed by.
    """
    rows = await db.fetch(_DUE, now, limit)
    if not rows:
        return Claim(members=[], taken=0)
    pairs = await _read(db, rows)
    became = await orders_of(db, [one.cart_id for one, _ in pairs if one.cart_id is not None])
    hours = (await published(db, STANDING))[STANDING].missed_after_hours
    late = now - timedelta(hours=hours)
    found = {one.id: became.get(one.cart_id) if one.cart_id else None for one, _ in pairs}
    missed = [one for one, _ in pairs if _is_missed(one, found[one.id], late)]
    kept = {one.id for one in missed}
    members = [_claimed(one, standing, found[one.id]) for one, standing in pairs if one.id not in kept]
    members = await _with_carts(db, members, now)
    await _take(db, members, now + lease)
    await _miss(db, missed, now)
    active = {standing.id: standing for _, standing in pairs if standing.state == "active"}
    await plan_where_none(db, list(active.values()), now=now)
    return Claim(members=members, taken=len(pairs))


async def _read(db: Connection, rows: Sequence[asyncpg.Record]) -> list[tuple[Occurrence, StandingOrder]]:
    standings = {row["s_id"]: as_standing(row, "s_") for row in rows}
    full = {standing.id: standing for standing in await with_lines(db, list(standings.values()))}
    return [(as_occurrence(row), full[row["s_id"]]) for row in rows]


async def orders_of(db: Connection, cart_ids: Sequence[UUID]) -> dict[UUID, Became]:
    """By cart, what it has become; carts that never came to a checkout are missing."""
    if not cart_ids:
        return {}
    rows = await db.fetch(
        """
        select distinct on (o.cart_id) o.cart_id, o.id as order_id, o.state, o.number, o.total, o.currency, o.key,
               p.state as payment_state, p.error_code
          from sales_order o
          left join lateral (select state, error_code from payment where order_id = o.id
                              order by created_at desc, id desc limit 1) p on true
         where o.cart_id = any($1::uuid[])
         order by o.cart_id, o.state <> 'abandoned' desc, o.created_at desc, o.id desc
        """,
        cart_ids,
    )
    return {row["cart_id"]: Became(**{name: row[name] for name in Became.__struct_fields__}) for row in rows}


def _is_missed(occurrence: Occurrence, became: Became | None, late: datetime) -> bool:
    """Nobody came in time, and nothing was begun that has to be ended."""
    assert occurrence.next_try_at is not None, "claimed by it"
    begun = became is not None and (became.placed or became.undecided)
    return occurrence.next_try_at < late and not begun


def _claimed(occurrence: Occurrence, standing: StandingOrder, became: Became | None) -> Claimed:
    """Which try it is. One that was under way when its worker died, or is undecided still, is carried on."""
    carried_on = occurrence.state == "placing" or (became is not None and became.undecided)
    attempt = occurrence.attempts if carried_on and occurrence.attempts else occurrence.attempts + 1
    claimed = Claimed(
        occurrence=occurrence,
        standing=standing,
        attempt=attempt,
        cart_id=occurrence.cart_id or uuid7(),
        wanted=list(occurrence.lines if occurrence.lines is not None else standing.lines),
        became=became,
    )
    if became is None:
        return claimed
    if became.placed:
        return msgspec.structs.replace(claimed, decided="placed")
    if became.state == "abandoned" and became.key == claimed.key:
        return msgspec.structs.replace(claimed, decided="failed")
    return claimed


async def _with_carts(db: Connection, members: Sequence[Claimed], now: datetime) -> list[Claimed]:
    """Those that are to be tried have a cart as their standing order says today."""
    cards = await stored_cards(db, sorted({one.standing.card_id for one in members if one.standing.card_id}))
    members = [
        msgspec.structs.replace(one, card=cards.get(one.standing.card_id) if one.standing.card_id else None)
        for one in members
    ]
    open_ones = [one for one in members if one.filled_anew]
    if not open_ones:
        return members
    methods = (await published(db, PAYMENT))[PAYMENT]
    known_as = await roots(db, {one.standing.customer_id for one in open_ones})
    carts = {one.cart_id: _cart(one, known_as[one.standing.customer_id], methods, now) for one in open_ones}
    new = [one for one in open_ones if one.occurrence.cart_id is None]
    if new:
        # The key is the second guard, behind the row's own lock: one occurrence has one cart, ever.
        made = await create_carts(
            db,
            [
                NewCart(cart=carts[one.cart_id], actor=STANDING_ACTOR, key=f"standing:{one.occurrence.id}")
                for one in new
            ],
            now=now,
        )
        known = {one.occurrence.id: cart_id for one, cart_id in zip(new, made, strict=True)}
        members = [_in_cart(one, known.get(one.occurrence.id)) for one in members]
        open_ones = [one for one in members if one.filled_anew]
    await _refill(db, [one for one in open_ones if one.occurrence.cart_id is not None], carts, now)
    on_account = [one for one in open_ones if one.standing.payment == "account"]
    await allow_accounts(
        db,
        [(one.cart_id, known_as[one.standing.customer_id], one.standing.ordered_by) for one in on_account],
        now=now,
    )
    return members


def _in_cart(one: Claimed, cart_id: UUID | KupecError | None) -> Claimed:
    if isinstance(cart_id, KupecError):
        raise cart_id
    return one if cart_id is None else msgspec.structs.replace(one, cart_id=cart_id)


def _cart(one: Claimed, customer_id: UUID, methods: PaymentMethods, now: datetime) -> Cart:
    return cart_of(
        one.standing,
        one.wanted,
        cart_id=one.cart_id,
        customer_id=customer_id,
        methods=methods,
        day=local_day(one.standing, one.occurrence.due_at),
        now=now,
    )


async def _refill(db: Connection, again: Sequence[Claimed], carts: Mapping[UUID, Cart], now: datetime) -> None:
    """A cart that was tried before is what its standing order says now; one that is closed is left to the checkout."""
    if not again:
        return
    locked = await lock_carts(db, [one.cart_id for one in again])
    await withdraw_drafts(db, sorted(locked), actor=STANDING_ACTOR, now=now)
    changes = [
        CartChange(
            before=before,
            after=msgspec.structs.replace(
                carts[cart_id], price_group=before.price_group, segments=before.segments, created_at=before.created_at
            ),
            actor=STANDING_ACTOR,
        )
        for cart_id, before in locked.items()
        if before.state == "open"
    ]
    await save_carts(db, changes, now=now)


async def _take(db: Connection, members: Sequence[Claimed], until: datetime) -> None:
    if members:
        await db.execute(
            _TAKE,
            [one.occurrence.id for one in members],
            [one.attempt for one in members],
            [one.cart_id for one in members],
            until,
            [one.filled_anew for one in members],
        )


async def _miss(db: Connection, missed: Sequence[Occurrence], now: datetime) -> None:
    if not missed:
        return
    await db.execute(
        "update occurrence set state = 'missed', next_try_at = null where id = any($1::uuid[])",
        [one.id for one in missed],
    )
    events = [
        happened(
            one.standing_order_id,
            one.customer_id,
            OccurrenceMissed(occurrence_id=one.id, number=one.number, due_at=one.due_at),
            now,
        )
        for one in missed
    ]
    await emit(db, events, actor=STANDING_ACTOR)
    await open_task(
        db,
        key=f"standing.missed:{now.date()}",
        title=_("Decide about standing orders that were missed"),
        details={},
        subject="standing:missed",
        customer_id=None,
        due_at=now + timedelta(hours=4),
        actor=STANDING_ACTOR,
        now=now,
    )
