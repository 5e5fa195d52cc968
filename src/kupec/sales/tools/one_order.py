"""One order for who asks about it: theirs, their organisation's, the one just made, or by its number and e-mail."""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec

from kupec.customers import Asker, Part, ProofNeeded, asker_of, normalise_email
from kupec.kit.actor import Actor, customer, guest
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.tools import ToolContext
from kupec.sales.models import Order
from kupec.sales.orders import get_order, status_token
from kupec.sales.tools.guessing import count_guess, forgive_guess

_KIND = "order"
_LATEST = """
select id from sales_order where customer_id = any($1::uuid[]) and placed_at is not null
 order by placed_at desc, id desc limit 1
"""


class OrderHere(msgspec.Struct, frozen=True, kw_only=True):
    """An order that may be told to who asks. `proven`: it is theirs, not only named by its number and e-mail."""

    db: Connection
    asker: Asker
    order: Order
    proven: bool

    @property
    def actor(self) -> Actor:
        """Who acts on it: a guest who named it rightly acts as its customer does behind the order's link."""
        if self.asker.root is not None or self.asker.is_staff:
            return self.asker.actor
        return customer(self.order.customer_id) if self.order.customer_id else guest(self.order.id)


@asynccontextmanager
async def order_here(
    context: ToolContext, number: str, email: str, *, part: Part = "orders"
) -> AsyncIterator[OrderHere]:
    """The order in a transaction of its own. Without a number the latest of theirs, or the one made of their cart.

    What is somebody else's does not exist; who is not proven gives number and e-mail, and guesses are counted.
    Raises ProofNeeded, NotFound, TooManyGuesses.
    """
    number, email = _number(number), _email(email)
    known = await _theirs(context, number, part)
    if known is None and number and email:
        await count_guess(context, _KIND, _written(context, number)[-1])
    async with context.outside.database.transaction() as db:
        asker = await asker_of(db, context)
        if known is not None:
            yield OrderHere(db=db, asker=asker, order=await get_order(db, known), proven=True)
            return
        if not (number and email):
            if asker.root is not None and (number or not email):
                raise NotFound(what="order")
            raise ProofNeeded(field="number" if not number else "email")
        order_id = await _named(db, context, number, email)
        await forgive_guess(db, context, _KIND, _written(context, number)[-1])
        yield OrderHere(db=db, asker=asker, order=await get_order(db, order_id), proven=False)


async def _theirs(context: ToolContext, number: str, part: Part) -> UUID | None:
    """The order, where it is theirs by what they have proved or hold."""
    async with context.outside.database.reading() as db:
        asker = await asker_of(db, context)
        if not number:
            return await _latest(db, context, asker, part)
        row = await db.fetchrow(
            "select id, customer_id, cart_id from sales_order where number = any($1) and placed_at is not null "
            "order by number = $2 desc limit 1",
            *(_written(context, number), number),
        )
        if row is None:
            return None
        if asker.is_staff and asker.root is None:
            asker.actor.require("orders.read")
            found: UUID = row["id"]
            return found
        held = context.cart_id is not None and row["cart_id"] == context.cart_id
        return row["id"] if held or await asker.may(db, row["customer_id"], part) else None


async def _latest(db: Connection, context: ToolContext, asker: Asker, part: Part) -> UUID | None:
    """The latest of theirs; of somebody unknown, what the cart in their hands became."""
    if asker.root is not None:
        found: UUID | None = await db.fetchval(_LATEST, await asker.ids(db, part))
        if found is not None:
            return found
    if context.cart_id is None:
        return None
    made: UUID | None = await db.fetchval(
        "select id from sales_order where cart_id = $1 and placed_at is not null limit 1", context.cart_id
    )
    return made


async def _named(db: Connection, context: ToolContext, number: str, email: str) -> UUID:
    """The order of this number, if it was ordered with this e-mail. What is missing takes as long as what is wrong."""
    row = await db.fetchrow(
        "select id, email from sales_order where number = any($1) and placed_at is not null "
        "order by number = $2 desc limit 1",
        *(_written(context, number), number),
    )
    wanted = (row["email"] or "" if row else "nobody@nowhere.invalid").lower()
    same = hmac.compare_digest(wanted.encode(), email.encode())
    if row is None or not same:
        raise NotFound(what="order")
    found: UUID = row["id"]
    return found


async def latest_order(db: Connection, asker: Asker, number: str, *, part: Part) -> Order:
    """An order of a proven customer, by its number or the latest. Raises ProofNeeded, NotFound."""
    asker.known()
    ids = await asker.ids(db, part)
    wanted = _number(number)
    if wanted:
        found = await db.fetchval(
            "select id from sales_order where number = $1 and placed_at is not null and customer_id = any($2::uuid[])",
            *(wanted, ids),
        )
    else:
        found = await db.fetchval(_LATEST, ids)
    if found is None:
        raise NotFound(what="order")
    return await get_order(db, found)


def order_link(context: ToolContext, here: OrderHere) -> str:
    """The page of the order: by its signed link; an organisation's by its id, where the role of who opens it counts."""
    own = here.asker.root is None or here.asker.is_staff or here.order.customer_id in here.asker.own
    secret = context.settings.secret
    return context.link(f"/order/{status_token(secret, here.order.id) if own else here.order.id}")


def _written(context: ToolContext, number: str) -> list[str]:
    """How an order's number may stand in the books: people leave out the letters before its figures."""
    return [number, context.settings.order_prefix + number] if number.isdecimal() else [number]


def _number(text: str) -> str:
    return "".join(text.split()).upper()


def _email(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return normalise_email(text)
    except InvalidValue as error:
        raise InvalidValue(field="email", expected=error.details["expected"]) from None
