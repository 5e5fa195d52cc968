"""Whoever asks a tool in a test: a guest, a proven customer, an organisation's buyer, the desk."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec

from kupec import billing, conversations, customers, sales
from kupec.customers import NewParty, create_party, give_role
from kupec.kit.actor import Actor, customer, guest, system
from kupec.kit.db import Connection, Database
from kupec.kit.ids import uuid7
from kupec.kit.settings import Settings
from kupec.kit.tools import Services, Tool, ToolContext
from kupec.sales import Checkout
from tests.sales.conftest import Shop
from tests.shop import NOON

SETTINGS = Settings(secret="secret", base_url="https://zrnko.example")
AGENT = Actor(
    kind="staff",
    id=str(uuid7()),
    permissions=frozenset({"orders.read", "orders.write", "orders.refund", "tasks.write", "customers.read"}),
)
_TOOLS = {tool.name: tool for tool in (*sales.TOOLS, *billing.TOOLS, *customers.TOOLS, *conversations.TOOLS)}


class Asking:
    """Tools as whoever composes them would run them: in a transaction, or outside of any."""

    def __init__(self, database: Database, checkout: Checkout | None = None) -> None:
        self.database = database
        values: dict[type, Any] = {Settings: SETTINGS}
        if checkout is not None:
            values[Checkout] = checkout
        self.services = Services(database=database, values=values)
        self.context = ToolContext(
            db=None,  # type: ignore[arg-type]
            actor=guest(uuid7()),
            now=NOON,
            key="1",
            language="cs",
            market="cz",
            channel="web",
            currency="CZK",
            conversation_id=uuid7(),
            customer_id=uuid7(),
            base_url="",
            services=self.services,
        )

    def _with(self, **values: Any) -> "Asking":
        other = object.__new__(Asking)
        other.database, other.services = self.database, self.services
        other.context = replace(self.context, **values)
        return other

    def as_customer(self, party_id: UUID, *, proven: bool = True) -> "Asking":
        return self._with(actor=customer(party_id), party_id=party_id, customer_id=party_id, proven=proven)

    def as_staff(self, party_id: UUID | None = None, actor: Actor = AGENT) -> "Asking":
        return self._with(actor=actor, party_id=party_id, proven=False)

    def holding(self, cart_id: UUID | str) -> "Asking":
        return self._with(cart_id=UUID(str(cart_id)))

    def speaking(self, language: str, market: str = "cz") -> "Asking":
        return self._with(language=language, market=market)

    def at(self, now: Any) -> "Asking":
        return self._with(now=now)

    def of(self, **values: Any) -> "Asking":
        return self._with(**values)

    async def __call__(self, name: str, /, *, key: str | None = None, **arguments: Any) -> Any:
        tool: Tool = _TOOLS[name]
        told = msgspec.convert(arguments, tool.arguments, strict=False)
        context = replace(self.context, key=key or str(uuid7()))
        if tool.outside:
            return await tool.run(context, told)
        async with self.database.transaction() as db:
            return await tool.run(replace(context, db=db), told)


def asking(shop: Shop) -> Asking:
    return Asking(shop.database, shop.checkout)


async def a_person(db: Connection, email: str, *, name: str = "Jana Nová", kind: str = "person") -> UUID:
    """A customer whose address is proved."""
    new = NewParty(kind=kind, name=name, email=email, language="cs")  # type: ignore[arg-type]
    party_id = await create_party(db, new, actor=system("test"), now=NOON)
    await db.execute("update contact_point set verified_at = $2 where party_id = $1", party_id, NOON)
    return party_id


async def a_role(db: Connection, organisation: UUID, person: UUID, role: str) -> None:
    actor = Actor(kind="staff", id="x", permissions=frozenset({"customers.write"}))
    await give_role(db, organisation, person, role, actor=actor, now=NOON)  # type: ignore[arg-type]
