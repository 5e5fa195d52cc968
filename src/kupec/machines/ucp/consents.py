"""What a buyer agrees to by the word of their platform: kept with the session, asked of them once there is an order.

A platform's word alone is no consent: the owner of the address gets a mail, and it counts when they follow its link.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kupec.customers import CONSENTS, ask_consent
from kupec.kit.actor import machine
from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.subscribers import Subscriber
from kupec.kit.versions import published
from kupec.machines.ucp.requests import BuyerIn

_PREFIX: Final = "dev.ucp.consent."
_LATER: Final = {"sale_or_sharing": "sale_of_data"}
OURS: Final = {
    "analytics": "analytics",
    "preferences": "personalisation",
    "marketing": "marketing.email",
    "sale_of_data": "sharing",
}
"""What the protocol's purposes are called in our document of consents."""


def told_consent(buyer: BuyerIn | None) -> dict[str, bool]:
    """What the body says, by purpose; purposes that the protocol does not know are left aside."""
    found: dict[str, bool] = {}
    for name, word in ((buyer.consent if buyer else None) or {}).items():
        short = name.removeprefix(_PREFIX)
        purpose = _LATER.get(short, short)
        if purpose in OURS:
            found[purpose] = word if isinstance(word, bool) else word.granted
    return found


async def save_consents(db: Connection, told: Mapping[UUID, Mapping[str, bool]], *, now: datetime) -> None:
    """Let each of these sessions hold what was told, in place of what was before."""
    await db.execute("delete from ucp_consent where cart_id = any($1::uuid[])", list(told))
    rows = [(cart_id, purpose, word) for cart_id, words in told.items() for purpose, word in words.items()]
    if rows:
        await db.execute(
            """
            insert into ucp_consent (cart_id, purpose, granted, at)
            select cart_id, purpose, granted, $4 from unnest($1::uuid[], $2::text[], $3::boolean[])
                as new (cart_id, purpose, granted)
            """,
            [cart_id for cart_id, _, _ in rows],
            [purpose for _, purpose, _ in rows],
            [word for _, _, word in rows],
            now,
        )


def consent_subscriber() -> Subscriber:
    """Asks buyers about what their platforms said, once they have bought."""
    return Subscriber(name="machines.ucp_consents", events=("order.placed",), handle=ask_buyers, start="now", rest=0.5)


async def ask_buyers(db: Connection, events: Sequence[Event]) -> None:
    """For each order whose session said yes to a purpose of ours: a mail to its buyer. Emits consent.asked."""
    ids = [UUID(event.subject.removeprefix("order:")) for event in events]
    rows = await db.fetch(
        """
        select sold.id, sold.email, sold.name, sold.language, sold.agent,
               array_agg(told.purpose order by told.purpose) as said
          from sales_order sold join ucp_consent told on told.cart_id = sold.cart_id and told.granted
         where sold.id = any($1::uuid[]) and sold.email is not null
         group by sold.id order by sold.id
        """,
        ids,
    )
    if not rows:
        return
    known = {one.code for one in (await published(db, CONSENTS))[CONSENTS].purposes if one.basis == "consent"}
    moments = {event.subject: event.occurred_at for event in events}
    for row in rows:
        wanted = [ours for purpose in row["said"] if (ours := OURS[purpose]) in known]
        if wanted:
            await ask_consent(
                db,
                row["email"],
                wanted,
                how="checkout",
                language=row["language"],
                actor=machine(row["agent"] or "ucp"),
                now=moments[f"order:{row['id']}"],
                name=row["name"] or "",
                order_id=row["id"],
            )
