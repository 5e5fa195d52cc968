"""How much may be given to a customer to make up for a mistake, as the form offers it."""

from uuid import UUID

import msgspec

from kupec.customers import members_of, roles_of
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.ids import uuid7
from kupec.kit.money import Money, display, whole_units
from kupec.kit.versions import published
from kupec.sales import GOODWILL, OrderSummary


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """What may be given to this customer: `amount` is offered, in whole units of the currency."""

    currency: str
    amount: str
    limit: str
    once: str


async def buyers_of(db: Connection, party_id: UUID) -> list[UUID]:
    """Whose orders somebody may write about: their own, and those of the organisations they buy for."""
    offices = [organisation for role, organisation in await roles_of(db, party_id) if role == "buyer"]
    return [*await members_of(db, party_id), *offices]


async def goodwill_of(db: Connection, orders: list[OrderSummary], language: str) -> Limit | None:
    """None where nothing may be given: nobody has ordered, or the merchant gives nothing in this currency."""
    rules = (await published(db, GOODWILL))[GOODWILL]
    if not orders or not rules.most.get(orders[0].currency):
        return None
    currency = orders[0].currency
    most = min(rules.most[currency], orders[0].total * rules.percent // 100)
    words = translate(language, _("At most {amount} for order {number}; {times} × in {days} days."))
    return Limit(
        currency=currency,
        amount=str(whole_units(most, currency, up=False)),
        limit=words.format(
            amount=display(Money(most, currency), language),
            number=orders[0].number,
            times=rules.times,
            days=rules.days,
        ),
        once=str(uuid7()),
    )
