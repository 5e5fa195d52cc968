"""Who asks a tool for something: nobody known, a proven customer with their organisations, or the desk for a customer.

Everything is taken from the context, nothing from what the bot was told.
"""

from typing import Final, Literal
from uuid import UUID

import msgspec

from kupec.customers.membership import members_of, roots
from kupec.customers.roles import roles_of
from kupec.kit.actor import Actor, customer
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.tools import ToolContext

Part = Literal["orders", "buy", "money", "approve", "people"]
PARTS: Final[dict[Part, frozenset[str]]] = {
    "orders": frozenset({"buyer", "approver", "accountant"}),
    "buy": frozenset({"buyer"}),
    "money": frozenset({"accountant"}),
    "approve": frozenset({"approver"}),
    "people": frozenset({"approver"}),
}
"""Which of an organisation's key persons may come to which part of its account. For oneself everything is open."""
_DESK: Final[dict[Part, str]] = {
    "orders": "orders.read",
    "buy": "orders.write",
    "money": "billing.read",
    "approve": "billing.write",
    "people": "customers.write",
}


class ProofNeeded(KupecError):
    """This is told only to whom it belongs. Please sign in, or give the order's number and e-mail."""

    status = 401
    code = "proof_needed"


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """`root` is who they have proved to be (None: nobody); of the desk, the customer it looks after.

    `own` are that customer's ids, their own first; `roles` what they are in organisations.
    """

    actor: Actor
    root: UUID | None = None
    own: list[UUID] = []
    roles: list[tuple[str, UUID]] = []

    @property
    def is_staff(self) -> bool:
        return self.actor.kind == "staff"

    def known(self) -> UUID:
        """Who it is. Raises ProofNeeded."""
        if self.root is None:
            raise ProofNeeded
        return self.root

    def accounts(self, part: Part) -> list[UUID]:
        """The customers whose `part` is open to them: themself first, then their organisations. Raises Forbidden."""
        if self.is_staff:
            self.actor.require(_DESK[part])
        if self.root is None:
            return []
        places = [organisation for role, organisation in self.roles if role in PARTS[part]]
        return list(dict.fromkeys([self.root, *places]))

    async def ids(self, db: Connection, part: Part) -> list[UUID]:
        """All ids of those customers."""
        return [
            one
            for account in self.accounts(part)
            for one in (self.own if account == self.root else await members_of(db, account))
        ]

    async def may(self, db: Connection, owner: UUID | None, part: Part) -> bool:
        """Whether what belongs to `owner` is theirs, or their organisation's and their role opens it."""
        return owner is not None and owner in await self.ids(db, part)


async def asker_of(db: Connection, context: ToolContext) -> Asker:
    """Who asks, as the database knows them today: a role that was taken away since opens nothing."""
    if context.actor.kind == "staff":
        if context.party_id is None:
            return Asker(actor=context.actor)
        root = (await roots(db, [context.party_id]))[context.party_id]
        return Asker(actor=context.actor, root=root, own=await members_of(db, root))
    if context.party_id is None or not context.proven:
        return Asker(actor=context.actor)
    root = (await roots(db, [context.party_id]))[context.party_id]
    held = await roles_of(db, root)
    return Asker(actor=customer(root, held), root=root, own=await members_of(db, root), roles=held)
