"""House accounts: customers who pay later, up to a limit that holds whatever happens at the same time."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.billing.errors import AccountInUse, AccountStopped, CreditExceeded
from kupec.billing.events import AccountChanged, AccountOpened
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import Conflict, InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _


class HouseAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer may owe, in minor units of `currency`; `used` is what they owe or are about to.

    Orders above `approval_over` want an approver of the customer's; None: none does. `stopped` says that dunning has
    come so far that nothing more may be bought until what is overdue is paid.
    """

    party_id: UUID
    currency: str
    credit_limit: int
    used: int
    terms_days: int
    active: bool
    approval_over: int | None = None
    opened_at: datetime
    stopped: bool = False

    @property
    def usable(self) -> bool:
        return self.active and not self.stopped

    @property
    def free(self) -> int:
        """How much more may be bought."""
        return max(0, self.credit_limit - self.used) if self.usable else 0

    def wants_approval(self, total: int) -> bool:
        return self.approval_over is not None and total > self.approval_over


class ProvedBuyer(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a cart has been proved to be; `person_id` is who holds it, where that is known."""

    party_id: UUID
    person_id: UUID | None


_OWN = "party_id, currency, credit_limit, used, terms_days, active, approval_over, opened_at"
_FIELDS = f"""
{_OWN},
exists (select from credit_hold h
          join payment p on p.order_id = h.order_id and p.state = 'awaiting'
          join dunning_step s on s.payment_id = p.id and s.stops
         where h.party_id = house_account.party_id and h.currency = house_account.currency
           and not exists (select from dunning_pause d where d.payment_id = p.id)) as stopped
"""  # noqa: S608
# An account stays under the id it was opened for: of a customer who was merged, all ids are asked for, their own first.
_OPEN = f"""
select asked.id as asked, account.*
  from unnest($1::uuid[]) as asked (id)
  join lateral (
       select {_FIELDS} from house_account
        where active and party_id = any(array(
              select asked.id
              union select party_id from party_alias where member_id = asked.id
              union select member_id from party_alias
                     where party_id = coalesce(
                           (select party_id from party_alias where member_id = asked.id), asked.id)))
  ) as account on true
 order by asked.id, account.party_id = asked.id desc, account.opened_at
"""  # noqa: S608
_LOCK = f"""
select {_FIELDS} from house_account where party_id = any($1::uuid[]) order by party_id, currency for no key update
"""  # noqa: S608


async def accounts_of(db: Connection, party_ids: Sequence[UUID]) -> dict[tuple[UUID, str], HouseAccount]:
    """By customer and currency, the accounts that are open; reads nothing when nobody is asked about.

    One that dunning has stopped is among them: ask `usable`.
    """
    if not party_ids:
        return {}
    found: dict[tuple[UUID, str], HouseAccount] = {}
    for row in await db.fetch(_OPEN, list(party_ids)):
        values = dict(row)
        account = HouseAccount(**{name: values[name] for name in values if name != "asked"})
        found.setdefault((row["asked"], account.currency), account)
    return found


async def allow_account(
    db: Connection, cart_id: UUID, party_id: UUID, *, now: datetime, person_id: UUID | None = None
) -> None:
    """Whoever holds this cart has proved that they buy for this customer, and may use the customer's account.

    `person_id` is who that is, where it is known.
    """
    await allow_accounts(db, [(cart_id, party_id, person_id)], now=now)


async def allow_accounts(db: Connection, carts: Sequence[tuple[UUID, UUID, UUID | None]], *, now: datetime) -> None:
    """The same for many, each (cart, customer, person): one statement, none for nobody."""
    if not carts:
        return
    await db.execute(
        "insert into account_cart (cart_id, party_id, person_id, proved_at) "
        "select cart_id, party_id, person_id, $4 from unnest($1::uuid[], $2::uuid[], $3::uuid[]) "
        "as new (cart_id, party_id, person_id) "
        "on conflict (cart_id) do update set party_id = excluded.party_id, proved_at = excluded.proved_at, "
        "person_id = excluded.person_id",
        *([values[position] for values in carts] for position in range(3)),
        now,
    )


async def proved_buyers(db: Connection, cart_ids: Sequence[UUID]) -> dict[UUID, ProvedBuyer]:
    """By cart, the customer it has been proved to be for; reads nothing when nobody is asked about."""
    if not cart_ids:
        return {}
    rows = await db.fetch(
        "select cart_id, party_id, person_id from account_cart where cart_id = any($1::uuid[])", list(cart_ids)
    )
    return {row["cart_id"]: ProvedBuyer(party_id=row["party_id"], person_id=row["person_id"]) for row in rows}


async def hold_credit(
    db: Connection, wanted: Sequence[tuple[UUID | None, UUID, str, int]]
) -> dict[UUID, CreditExceeded | AccountStopped]:
    """Let orders use up credit: (customer id, order id, currency, amount). Returns those that may not, by order.

    Locks the accounts, sorted; earlier orders of the batch come first. An order that holds credit already keeps
    what it holds.
    """
    if not wanted:
        return {}
    known_as = await accounts_of(db, sorted({party_id for party_id, _, _, _ in wanted if party_id is not None}))
    rows = await db.fetch(_LOCK, sorted({account.party_id for account in known_as.values()}))
    locked = {(row["party_id"], row["currency"]): HouseAccount(**dict(row)) for row in rows}
    accounts = {asked: locked[account.party_id, account.currency] for asked, account in known_as.items()}
    holding = await db.fetch(
        "select order_id from credit_hold where order_id = any($1::uuid[])", [order_id for _, order_id, _, _ in wanted]
    )
    known = {row["order_id"] for row in holding}
    taken: dict[tuple[UUID, str], int] = {}
    held: list[tuple[UUID, UUID, str, int]] = []
    refused: dict[UUID, CreditExceeded | AccountStopped] = {}
    for party_id, order_id, currency, amount in wanted:
        if order_id in known or amount == 0:
            continue
        account = None if party_id is None else accounts.get((party_id, currency))
        free = 0 if account is None else account.free - taken.get((account.party_id, currency), 0)
        if account is None or amount > free:
            refused[order_id] = (
                AccountStopped(field="payment_method")
                if account is not None and account.stopped
                else CreditExceeded(field="payment_method", available=free, currency=currency)
            )
            continue
        known.add(order_id)
        taken[account.party_id, currency] = taken.get((account.party_id, currency), 0) + amount
        held.append((order_id, account.party_id, currency, amount))
    await _hold(db, held)
    return refused


async def _hold(db: Connection, held: Sequence[tuple[UUID, UUID, str, int]]) -> None:
    if not held:
        return
    await db.execute(
        "insert into credit_hold (order_id, party_id, currency, amount) "
        "select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[])",
        *([values[position] for values in held] for position in range(4)),
    )
    await _use(db, [(party_id, currency, amount) for _, party_id, currency, amount in held])


async def _use(db: Connection, amounts: Sequence[tuple[UUID, str, int]]) -> None:
    """The accounts must be locked."""
    await db.execute(
        """
        update house_account a set used = a.used + t.amount
          from (select party_id, currency, sum(amount)::bigint as amount
                  from unnest($1::uuid[], $2::text[], $3::bigint[]) as t (party_id, currency, amount)
                 group by party_id, currency) t
         where a.party_id = t.party_id and a.currency = t.currency
        """,
        *([values[position] for values in amounts] for position in range(3)),
    )


async def release_credit(db: Connection, order_ids: Sequence[UUID]) -> None:
    """These orders use no credit any more: they are paid, or came to nothing. Repeating it changes nothing."""
    await _give_back(db, order_ids, None)


async def reduce_credit(db: Connection, amounts: Sequence[tuple[UUID, int]]) -> None:
    """By order, so much less of its credit is used."""
    less: dict[UUID, int] = {}
    for order_id, amount in amounts:
        less[order_id] = less.get(order_id, 0) + amount
    await _give_back(db, list(less), less)


async def _give_back(db: Connection, order_ids: Sequence[UUID], less: dict[UUID, int] | None) -> None:
    rows = await db.fetch(
        "select order_id, party_id, currency, amount from credit_hold where order_id = any($1::uuid[])",
        list(order_ids),
    )
    if not rows:
        return
    await db.execute(_LOCK, sorted({row["party_id"] for row in rows}))
    # Read again: only now is it certain that nobody gives the same credit back.
    rows = await db.fetch(
        "select order_id, party_id, currency, amount from credit_hold where order_id = any($1::uuid[])",
        list(order_ids),
    )
    given = [
        (row["order_id"], row["party_id"], row["currency"], row["amount"])
        if less is None
        else (row["order_id"], row["party_id"], row["currency"], min(less[row["order_id"]], row["amount"]))
        for row in rows
    ]
    kept = {row["order_id"]: row["amount"] for row in rows}
    over = [order_id for order_id, _, _, amount in given if kept[order_id] == amount]
    await db.execute("delete from credit_hold where order_id = any($1::uuid[])", over)
    await db.execute(
        "update credit_hold h set amount = h.amount - t.amount from unnest($1::uuid[], $2::bigint[]) "
        "as t (order_id, amount) where h.order_id = t.order_id",
        [order_id for order_id, _, _, _ in given],
        [amount for _, _, _, amount in given],
    )
    await _use(db, [(party_id, currency, -amount) for _, party_id, currency, amount in given])


async def open_account(
    db: Connection,
    party_id: UUID,
    *,
    currency: str,
    credit_limit: int,
    terms_days: int,
    approval_over: int | None = None,
    actor: Actor,
    now: datetime,
) -> HouseAccount:
    """Let a customer buy on account. Needs "billing.write". Emits account.opened on the customer's timeline.

    Raises NotFound, InvalidValue, and Conflict when there is one in this currency.
    """
    actor.require("billing.write")
    _check(credit_limit, terms_days, approval_over)
    if await db.fetchval("select id from party where id = $1", party_id) is None:
        raise NotFound(what="customer")
    row = await db.fetchrow(
        f"insert into house_account ({_OWN}) values ($1, $2, $3, 0, $4, true, $5, $6) "  # noqa: S608
        f"on conflict do nothing returning {_FIELDS}",
        *(party_id, currency, credit_limit, terms_days, approval_over, now),
    )
    if row is None:
        raise Conflict(field="currency")
    payload = AccountOpened(currency=currency, credit_limit=credit_limit, terms_days=terms_days)
    await emit(db, [_happened(party_id, payload, now)], actor=actor)
    return HouseAccount(**dict(row))


async def change_account(
    db: Connection,
    party_id: UUID,
    *,
    currency: str,
    credit_limit: int,
    terms_days: int,
    active: bool,
    approval_over: int | None = None,
    actor: Actor,
    now: datetime,
) -> HouseAccount:
    """Change limit, terms and the approval, or close the account to new orders. Needs "billing.write".
    Emits account.changed.

    Raises NotFound, InvalidValue, and AccountInUse when more than the new limit is owed.
    """
    actor.require("billing.write")
    _check(credit_limit, terms_days, approval_over)
    row = await db.fetchrow(
        f"select {_FIELDS} from house_account where party_id = $1 and currency = $2 for no key update",  # noqa: S608
        *(party_id, currency),
    )
    if row is None:
        raise NotFound(what="account")
    if credit_limit < row["used"]:
        raise AccountInUse(field="credit_limit", used=row["used"], currency=currency)
    changed = await db.fetchrow(
        "update house_account set credit_limit = $3, terms_days = $4, active = $5, approval_over = $6 "  # noqa: S608
        f"where party_id = $1 and currency = $2 returning {_FIELDS}",
        *(party_id, currency, credit_limit, terms_days, active, approval_over),
    )
    assert changed is not None, "locked above"
    payload = AccountChanged(currency=currency, credit_limit=credit_limit, terms_days=terms_days, active=active)
    await emit(db, [_happened(party_id, payload, now)], actor=actor)
    return HouseAccount(**dict(changed))


def _check(credit_limit: int, terms_days: int, approval_over: int | None) -> None:
    if credit_limit < 0:
        raise InvalidValue(field="credit_limit", expected=_("an amount, or zero"))
    if not 0 <= terms_days <= 365:
        raise InvalidValue(field="terms_days", expected=_("from 0 to 365 days"))
    if approval_over is not None and approval_over < 0:
        raise InvalidValue(field="approval_over", expected=_("an amount, or zero"))


def _happened(party_id: UUID, payload: AccountOpened | AccountChanged, now: datetime) -> Happened:
    return Happened(payload=payload, subject=f"party:{party_id}", occurred_at=now, customer_id=party_id)


async def house_accounts(db: Connection, *, limit: int = 500) -> list[HouseAccount]:
    """All accounts, those that owe most first."""
    rows = await db.fetch(
        f"select {_FIELDS} from house_account order by used desc, party_id, currency limit $1",  # noqa: S608
        limit,
    )
    return to_structs(HouseAccount, rows)
