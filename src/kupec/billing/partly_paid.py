"""Transfers that have come in part: when less is owed than has come, the money must not be lost from sight."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.billing.credit import release_credit
from kupec.billing.events import PaymentUnmatched
from kupec.billing.models import Owners, Payment
from kupec.billing.payments import apply_transitions
from kupec.billing.states import settle_owed
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit

_MATCHES = """
select m.id, m.line_id, m.payment_id, m.amount
  from bank_match m join bank_line l on l.id = m.line_id
 where m.payment_id = any($1::uuid[]) order by l.id, m.id for no key update of l
"""


async def owe_no_more_than_came(
    db: Connection, payments: Sequence[Payment], *, owners: Owners | None, actor: Actor, now: datetime
) -> None:
    """Locked payments of which less, or nothing, is owed now: what has come beyond it is free on its line again.

    A payment of which all has come by that is settled. Emits payment.unmatched, payment.captured.
    """
    by_id = {payment.id: payment for payment in payments}
    if not by_id:
        return
    came: dict[UUID, int] = dict.fromkeys(by_id, 0)
    freed: list[tuple[UUID, UUID, Payment, int]] = []
    for row in await db.fetch(_MATCHES, list(by_id)):
        payment = by_id[row["payment_id"]]
        kept = min(row["amount"], payment.owed - came[payment.id])
        came[payment.id] += kept
        if kept < row["amount"]:
            freed.append((row["id"], row["line_id"], payment, row["amount"] - kept))
    await _free(db, freed)
    await emit(db, [_unmatched(line_id, each, amount, owners, now) for _, line_id, each, amount in freed], actor=actor)
    paid = [payment for payment in by_id.values() if 0 < payment.owed == came[payment.id]]
    await apply_transitions(db, [settle_owed(payment, now=now) for payment in paid], owners=owners, actor=actor)
    await release_credit(db, [payment.order_id for payment in paid if payment.provider == "account"])


async def _free(db: Connection, freed: Sequence[tuple[UUID, UUID, Payment, int]]) -> None:
    if not freed:
        return
    matches, amounts = [match_id for match_id, _, _, _ in freed], [amount for _, _, _, amount in freed]
    await db.execute(
        "delete from bank_match m using unnest($1::uuid[], $2::bigint[]) as t (id, amount) "
        "where m.id = t.id and m.amount = t.amount",
        *(matches, amounts),
    )
    await db.execute(
        "update bank_match m set amount = m.amount - t.amount from unnest($1::uuid[], $2::bigint[]) as t (id, amount) "
        "where m.id = t.id",
        *(matches, amounts),
    )
    await db.execute(
        """
        update bank_line l set matched = l.matched - t.amount, state = 'open'
          from (select line_id, sum(amount)::bigint as amount
                  from unnest($1::uuid[], $2::bigint[]) as t (line_id, amount) group by line_id) t
         where l.id = t.line_id
        """,
        *([line_id for _, line_id, _, _ in freed], amounts),
    )


def _unmatched(line_id: UUID, payment: Payment, amount: int, owners: Owners | None, now: datetime) -> Happened:
    customer_id, channel = (owners or {}).get(payment.order_id, (None, None))
    return Happened(
        payload=PaymentUnmatched(payment_id=payment.id, line_id=line_id, amount=amount, currency=payment.currency),
        subject=f"order:{payment.order_id}",
        occurred_at=now,
        customer_id=customer_id,
        channel=channel,
    )
