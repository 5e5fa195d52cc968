"""Ready-made replies, filled for the conversation at hand."""

from uuid import UUID

import msgspec

from kupec.conversations import Conversation, canned_variables, fill_canned, list_canned, note_canned_used
from kupec.customers import members_of, parties_by_ids, roots
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.sales import list_orders
from kupec.staff import Staff

VARIABLES = {
    "customer.name": _("the customer's name"),
    "customer.first_name": _("the first word of it"),
    "agent.name": _("who writes"),
    "conversation.number": _("number of the conversation"),
    "order.number": _("number of the customer's last order"),
    "shop.name": _("the shop"),
}
"""What a reply may ask for, and what that is."""


class Canned(msgspec.Struct, frozen=True, kw_only=True):
    """A reply, its variables filled; one that has no value here stays in its brackets, to be filled by hand."""

    id: UUID
    code: str
    title: str
    text: str


async def canned_for(db: Connection, one: Conversation, me: Staff, shop: str) -> list[Canned]:
    """All replies in the conversation's language, the most used first."""
    replies = await list_canned(db, actor=me.actor)
    if not replies:
        return []
    values = await _values(db, one, me, shop)
    return [
        Canned(id=each.id, code=each.shortcut, title=each.title, text=_filled(each.text(one.language), values))
        for each in replies
    ]


async def canned_text(db: Connection, one: Conversation, code: str, me: Staff, shop: str) -> str:
    """What the reply of this shortcut says here; nothing where there is none."""
    return next((each.text for each in await canned_for(db, one, me, shop) if each.code == code), "")


async def note_used(db: Connection, codes: list[str], me: Staff) -> None:
    """These replies were part of an answer that was sent."""
    for each in await list_canned(db, actor=me.actor) if codes else []:
        if each.shortcut in codes:
            await note_canned_used(db, each.id)


def _filled(text: str, values: dict[str, str]) -> str:
    return fill_canned(text, {name: values.get(name) or f"{{{{{name}}}}}" for name in canned_variables(text)})


async def _values(db: Connection, one: Conversation, me: Staff, shop: str) -> dict[str, str]:
    root = (await roots(db, [one.customer_id]))[one.customer_id]
    party = (await parties_by_ids(db, [root])).get(root)
    orders = await list_orders(db, customer_ids=await members_of(db, root), limit=1) if party else []
    name = party.name if party else ""
    return {
        "customer.name": name,
        "customer.first_name": name.split(" ")[0],
        "agent.name": me.name,
        "conversation.number": str(one.number),
        "order.number": orders[0].number or "" if orders else "",
        "shop.name": shop,
    }
