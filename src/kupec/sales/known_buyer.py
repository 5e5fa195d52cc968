"""What a proven customer's cart begins with: who buys and where it goes, as far as their account knows."""

from collections.abc import Sequence
from uuid import UUID

from kupec.catalogue import Market
from kupec.customers import Party, addresses_of
from kupec.kit.db import Connection
from kupec.sales.buyer import CartDetails
from kupec.sales.models import Address, Company
from kupec.sales.orders import get_orders


async def known_details(
    db: Connection, *, person: Party, account: Party, account_ids: Sequence[UUID], market: Market
) -> CartDetails:
    """For `person`, who buys for `account` (themself, or an organisation): the usual address, else that of the last
    order; only one that this market delivers to.
    """
    last_id = await db.fetchval(
        """select id from sales_order where customer_id = any($1::uuid[]) and placed_at is not null
            order by placed_at desc, id desc limit 1""",
        account_ids,
    )
    last = (await get_orders(db, [last_id])).get(last_id) if last_id else None
    known = [
        Address(**{part: one.address.get(part, "") for part in Address.__struct_fields__})
        for one in await addresses_of(db, account_ids)
    ]
    if last:
        known.append(last.address)
    served = next((address for address in known if address.country in market.countries), None)
    named = person.name if person.name != person.email else None
    return CartDetails(
        email=person.email,
        name=named or (last.name if last else None),
        phone=person.phone or (last.phone if last else None),
        address=served,
        company=_company(account) or (last.company if last else None),
    )


def _company(account: Party) -> Company | None:
    if account.kind != "organisation":
        return None
    return Company(name=account.name, company_id=account.company_id or "", vat_id="")
