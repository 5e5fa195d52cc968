"""What this room holds about a customer. The books stay, as the law asks; what nobody asks for goes."""

from collections.abc import Sequence
from uuid import UUID

from kupec.kit.db import Connection
from kupec.kit.personal import Held, PrivacyPart

_THEIRS = "party_id = any($1::uuid[])"
_PAYMENTS = (
    "(select id from payment where party_id = any($1::uuid[]) "
    "or order_id in (select order_id from ledger_entry where party_id = any($1::uuid[])))"
)

_TABLES = (
    Held(
        table="accounting_document",
        where=_THEIRS,
        erase="keep",
        law={
            "content": "jsonb_set(content, '{buyer}', '{\"name\": \"\"}')",
            "pdf": "null",
            "pdf_sha256": "null",
            "rendered_at": "null",
        },
        dated="requested_at",
        secret=["pdf", "pdf_sha256", "key"],
        why="invoices and credit notes, with the buyer as the law wants them named",
    ),
    Held(
        table="bank_line",
        where=f"id in (select line_id from bank_match where payment_id in {_PAYMENTS})",  # noqa: S608
        erase="keep",
        law={"payer": "''", "payer_account": "''", "message": "''", "note": "''"},
        dated="booked_on",
        why="lines of bank statements, which the books rest on",
    ),
    Held(
        table="payment",
        where=f"id in {_PAYMENTS}",
        erase="blank",
        blank={"card_label": "null", "action_url": "null", "problem": "null"},
        law={"provider_reference": "null"},
        dated="created_at",
        secret=["action_url"],
        why="payments, by the number the provider knows them by",
    ),
    Held(
        table="refund",
        where=f"payment_id in {_PAYMENTS}",
        erase="keep",
        law={"reason": "''", "provider_reference": "null"},
        dated="created_at",
        why="refunds with their reasons",
    ),
    Held(
        table="ledger_entry",
        where=_THEIRS,
        erase="keep",
        why="figures only; the books must balance",
    ),
    Held(table="store_credit", where=_THEIRS, erase="blank", blank={"reason": "''"}),
    Held(table="house_account", where=_THEIRS, erase="blank", blank={"active": "false"}),
    Held(table="credit_hold", where=_THEIRS, erase="keep", why="figures only"),
    Held(table="dunning_pause", where=f"payment_id in {_PAYMENTS}", erase="blank", blank={"reason": "''"}),
    Held(table="card_to_keep", where=_THEIRS, told=False),
    Held(table="stored_card", where=_THEIRS, secret=["customer_reference", "card_reference"]),
)


async def _obstacles(db: Connection, members: Sequence[UUID]) -> list[str]:
    """Money that is still owed, either way."""
    row = await db.fetchrow(
        f"""
        select exists (select from payment where id in {_PAYMENTS}
                        and state in ('pending', 'requires_action', 'authorised', 'capturing', 'awaiting',
                                      'voiding')) as payment,
               exists (select from refund where payment_id in {_PAYMENTS} and state = 'pending') as refund,
               exists (select from store_credit where party_id = any($1::uuid[]) and balance > 0) as store_credit,
               exists (select from house_account where party_id = any($1::uuid[]) and used > 0) as account
        """,  # noqa: S608
        members,
    )
    assert row is not None, "a row of four answers"
    return [name for name in ("payment", "refund", "store_credit", "account") if row[name]]


privacy_part = PrivacyPart(name="billing", tables=_TABLES, obstacles=_obstacles)
