"""Likes and shares: one for each person, told in the log."""

from uuid import UUID

import pytest

from kupec.kit.actor import guest
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import subject_history
from kupec.kit.ids import uuid7
from kupec.sales import liking, record_share, toggle_like
from tests.shop import NOON, add_product, make_shop

SOMEBODY = guest(uuid7())


@pytest.fixture
async def product(db: Connection) -> UUID:
    await make_shop(db)
    variant = await add_product(db, "BEANS")
    found: UUID = await db.fetchval("select product_id from variant where id = $1", variant)
    return found


async def toggle(db: Connection, product: UUID, person: str) -> bool:
    return await toggle_like(db, product, person=person, customer_id=None, actor=SOMEBODY, now=NOON)


async def names(db: Connection, product: UUID) -> list[str]:
    return [event.name for event in reversed(await subject_history(db, f"product:{product}"))]


async def test_a_like_is_given_and_taken_back(db: Connection, product: UUID) -> None:
    assert await toggle(db, product, "visitor:1") is True
    assert await toggle(db, product, "visitor:2") is True
    found = await liking(db, product, person="visitor:1")
    assert (found.likes, found.liked) == (2, True)
    assert await toggle(db, product, "visitor:1") is False
    found = await liking(db, product, person="visitor:1")
    assert (found.likes, found.liked) == (1, False)
    assert (await liking(db, product, person=None)).liked is False
    assert await names(db, product) == ["product.liked", "product.liked", "product.unliked"]


async def test_a_share_counts_once_for_each_person(db: Connection, product: UUID) -> None:
    for person, way in (("visitor:1", "link"), ("visitor:1", "link"), ("visitor:1", "mail"), ("visitor:2", "link")):
        await record_share(db, product, way=way, person=person, customer_id=None, actor=SOMEBODY, now=NOON)
    assert (await liking(db, product, person=None)).shares == 2
    assert await names(db, product) == ["product.shared"] * 3
    with pytest.raises(InvalidValue):
        await record_share(db, product, way="pigeon", person="v", customer_id=None, actor=SOMEBODY, now=NOON)
