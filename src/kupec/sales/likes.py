"""What people like and pass on: recorded once for each person, counted where it is shown."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Happened, emit
from kupec.sales.opinion_events import ProductLiked, ProductShared, ProductUnliked

WAYS: Final = ("link", "mail", "device")
"""By copying the link, by mail, by what the visitor's device offers."""


class Liking(msgspec.Struct, frozen=True, kw_only=True):
    """How many people like and have passed on a product, and whether this one likes it."""

    likes: int
    shares: int
    liked: bool


async def liking(db: Connection, product_id: UUID, *, person: str | None) -> Liking:
    """What is known about a product's likes; `person` is "customer:id", "visitor:id" or nobody."""
    row = await db.fetchrow(
        """
        select (select count(*) from product_like where product_id = $1) as likes,
               (select count(distinct person) from product_share where product_id = $1) as shares,
               exists (select from product_like where product_id = $1 and person = $2) as liked
        """,
        product_id,
        person,
    )
    assert row is not None, "an aggregate has a row"
    return Liking(**dict(row))


async def toggle_like(
    db: Connection, product_id: UUID, *, person: str, customer_id: UUID | None, actor: Actor, now: datetime
) -> bool:
    """Like a product, or take it back; returns whether it is liked now. Emits product.liked or product.unliked."""
    taken_back = await db.fetchval(
        "delete from product_like where product_id = $1 and person = $2 returning true", product_id, person
    )
    if not taken_back:
        added = await db.fetchval(
            "insert into product_like values ($1, $2, $3) on conflict do nothing returning true",
            product_id,
            person,
            now,
        )
        if not added:  # somebody with the same cookie was a moment faster
            return True
    kind = ProductUnliked if taken_back else ProductLiked
    happened = Happened(
        payload=kind(product_id=product_id),
        subject=f"product:{product_id}",
        occurred_at=now,
        customer_id=customer_id,
        channel="web",
    )
    await emit(db, [happened], actor=actor)
    return not taken_back


async def record_share(
    db: Connection, product_id: UUID, *, way: str, person: str, customer_id: UUID | None, actor: Actor, now: datetime
) -> None:
    """Note that somebody passes a product on, once for each way. Emits product.shared. Raises InvalidValue ("way")."""
    if way not in WAYS:
        raise InvalidValue(field="way", expected=", ".join(WAYS))
    added = await db.fetchval(
        "insert into product_share values ($1, $2, $3, $4) on conflict do nothing returning true",
        product_id,
        person,
        way,
        now,
    )
    if added:
        happened = Happened(
            payload=ProductShared(product_id=product_id, way=way),
            subject=f"product:{product_id}",
            occurred_at=now,
            customer_id=customer_id,
            channel="web",
        )
        await emit(db, [happened], actor=actor)
