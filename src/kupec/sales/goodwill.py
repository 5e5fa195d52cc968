"""Making up for a mistake: store credit for a customer, within limits that the merchant sets.

The customer's row is the lock: two people who give at once are asked one after the other, and the second finds what the
first has given. Worked numbers: docs/algorithms/goodwill.md.
"""

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

import msgspec

from kupec.billing import StoreCredit, credit_standing, issue_store_credit
from kupec.customers import members_of, root_of
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue, KupecError, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.money import Money
from kupec.kit.versions import Kind, published
from kupec.sales.models import Order
from kupec.sales.orders import get_order

_OURS = system("goodwill")
COMPLAINT = "complaint"
"""What the keys of complaints' tasks begin with."""


class GoodwillRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much may be given, to whom and how often. Amounts by currency, in minor units."""

    most: dict[str, int] = msgspec.field(default_factory=lambda: {"CZK": 20000, "PLN": 3500, "EUR": 800})
    """At once; a currency that is missing gets nothing."""
    percent: int = 20
    """Of what the order came to, at most; 100 for no such limit."""
    times: int = 1
    days: int = 180
    """At most so many times to one customer within so many days."""
    order_days: int = 90
    """The order is not older than this."""
    solved_days: int = 14
    """The bot gives by itself for a complaint that was solved in so many days before."""
    by_itself: bool = True
    """Whether the bot may; people always may, within the same limits."""


class GoodwillGiven(Payload, frozen=True, kw_only=True):
    """A customer got something to make up for a mistake. Subject "order:<id>" or "customer:<id>"."""

    name: ClassVar[str] = "goodwill.given"

    goodwill_id: UUID
    credit_id: UUID
    amount: int
    currency: str


class GoodwillSpent(KupecError):
    """This customer has had their goodwill already: {times} in {days} days. Nothing was given."""

    status = 409
    code = "goodwill_spent"


class GoodwillTooMuch(KupecError):
    """That is more than may be given at once: at most {most}. Nothing was given."""

    status = 422
    code = "goodwill_too_much"


class GoodwillTooLate(KupecError):
    """This order is too old for that. Nothing was given."""

    status = 409
    code = "goodwill_too_late"


class NothingToMakeUpFor(KupecError):
    """There is no solved complaint that this could make up for. Nothing was given."""

    status = 409
    code = "nothing_to_make_up_for"


class Goodwill(msgspec.Struct, frozen=True, kw_only=True):
    """What was given; `code` is typed in the cart like a coupon's."""

    id: UUID
    code: str
    amount: int
    currency: str
    given_at: datetime


def check_goodwill(rules: GoodwillRules) -> None:
    """Raises InvalidValue naming the field."""
    for currency, amount in rules.most.items():
        if not 0 <= amount <= 10**9:
            raise InvalidValue(field=f"most.{currency}", expected=_("an amount, or zero"))
    for name, least, most in (
        ("percent", 1, 100),
        ("times", 0, 100),
        ("days", 1, 3650),
        ("order_days", 1, 3650),
        ("solved_days", 1, 365),
    ):
        if not least <= getattr(rules, name) <= most:
            raise InvalidValue(field=name, expected=f"{least} to {most}")


GOODWILL = Kind("goodwill", GoodwillRules, default=GoodwillRules, check=check_goodwill)


async def give_goodwill(
    db: Connection,
    customer_id: UUID,
    *,
    amount: int | None = None,
    currency: str,
    order_id: UUID | None = None,
    reason: str = "",
    key: str,
    actor: Actor,
    now: datetime,
) -> Goodwill:
    """Give store credit (minor units; None for as much as the rules allow), once for a `key`.

    The desk needs "orders.refund". The customer themself gets it by the bot, and only once for a complaint of theirs
    that was solved lately. Emits goodwill.given and store_credit.issued. Raises NotFound, Forbidden, GoodwillSpent,
    GoodwillTooMuch, GoodwillTooLate, NothingToMakeUpFor.
    """
    root = await root_of(db, customer_id)
    themself = actor.kind == "customer" and actor.acts_for(root, "buyer")
    if not themself:
        actor.require("orders.refund")
    rules = (await published(db, GOODWILL))[GOODWILL]
    await db.execute("select from party where id = $1 for no key update", root)
    known = await db.fetchrow("select id, credit_id, amount, currency, given_at from goodwill where key = $1", key)
    if known is not None:
        return await _given(db, known["id"])
    members = await members_of(db, root)
    task_id = await _solved(db, members, rules, now) if themself else None
    order_id = order_id or (await _order_of_task(db, task_id) if task_id else None)
    order = await _order(db, order_id, members, rules, now) if order_id else None
    money = order.currency if order is not None else currency
    await _check_times(db, members, rules, now)
    wanted = _amount(rules, order, money, amount)
    goodwill_id = uuid7()
    credit = await issue_store_credit(
        db,
        amount=wanted,
        currency=money,
        reason=reason.strip() or "goodwill",
        key=f"goodwill:{goodwill_id}",
        actor=_OURS,
        now=now,
        party_id=root,
        order_id=order_id,
        cause="goodwill",
    )
    await db.execute(
        "insert into goodwill (id, key, customer_id, order_id, task_id, credit_id, currency, amount, given_by, "
        "given_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        *(goodwill_id, key, root, order_id, task_id, credit.id, money, wanted, str(actor), now),
    )
    payload = GoodwillGiven(goodwill_id=goodwill_id, credit_id=credit.id, amount=wanted, currency=money)
    subject = f"order:{order_id}" if order_id else f"customer:{root}"
    await emit(db, [Happened(payload=payload, subject=subject, customer_id=root, occurred_at=now)], actor=actor)
    return _as_given(goodwill_id, credit, now)


def _as_given(goodwill_id: UUID, credit: StoreCredit, at: datetime) -> Goodwill:
    return Goodwill(id=goodwill_id, code=credit.label, amount=credit.issued, currency=credit.currency, given_at=at)


async def _given(db: Connection, goodwill_id: UUID) -> Goodwill:
    row = await db.fetchrow(
        "select g.given_at, c.code from goodwill g join store_credit c on c.id = g.credit_id where g.id = $1",
        goodwill_id,
    )
    assert row is not None, "rows of goodwill stay"
    return _as_given(goodwill_id, (await credit_standing(db, [row["code"]]))[row["code"]], row["given_at"])


async def _solved(db: Connection, members: list[UUID], rules: GoodwillRules, now: datetime) -> UUID:
    """The customer's complaint that was solved lately and not made up for yet. Raises NothingToMakeUpFor, Forbidden."""
    if not rules.by_itself:
        raise Forbidden(permission="orders.refund")
    found: UUID | None = await db.fetchval(
        """
        select id from task
         where customer_id = any($1::uuid[]) and key like $2 and ended = 'done' and done_at > $3
           and not exists (select from goodwill where task_id = task.id)
         order by done_at desc, id desc limit 1
        """,
        *(members, f"{COMPLAINT}:%", now - timedelta(days=rules.solved_days)),
    )
    if found is None:
        raise NothingToMakeUpFor
    return found


async def _order_of_task(db: Connection, task_id: UUID) -> UUID | None:
    subject: str = await db.fetchval("select subject from task where id = $1", task_id)
    kind, _colon, name = subject.partition(":")
    return UUID(name) if kind == "order" else None


async def _order(db: Connection, order_id: UUID, members: list[UUID], rules: GoodwillRules, now: datetime) -> Order:
    order = await get_order(db, order_id)
    if order.customer_id not in members or order.placed_at is None:
        raise NotFound(what="order")
    if order.placed_at < now - timedelta(days=rules.order_days):
        raise GoodwillTooLate
    return order


async def _check_times(db: Connection, members: list[UUID], rules: GoodwillRules, now: datetime) -> None:
    given = await db.fetchval(
        "select count(*) from goodwill where customer_id = any($1::uuid[]) and given_at > $2",
        *(members, now - timedelta(days=rules.days)),
    )
    if given >= rules.times:
        raise GoodwillSpent(times=given, days=rules.days)


def _amount(rules: GoodwillRules, order: Order | None, currency: str, wanted: int | None) -> int:
    """What is given: as was asked, else the most. Raises GoodwillTooMuch."""
    most = rules.most.get(currency, 0)
    if order is not None:
        most = min(most, order.total * rules.percent // 100)
    amount = most if wanted is None else wanted
    if not 0 < amount <= most:
        raise GoodwillTooMuch(most=f"{Money(most, currency).decimal} {currency}")
    return amount
