"""Cards on file: references only, each once, charged for nobody else."""

import pytest

from kupec.billing import cards_on_file, forget_card, store_card
from kupec.kit.actor import customer
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from tests.billing.making import NOW
from tests.billing.owing import a_party

CARD = {"provider": "stripe", "customer_reference": "cus_1", "card_reference": "pm_1", "label": "Visa •••• 4242"}


async def test_a_card_is_kept_once_and_forgotten_by_its_owner_only(db: Connection) -> None:
    owner, other = await a_party(db), await a_party(db, "Somebody else")
    card = await store_card(db, owner, **CARD, actor=customer(owner), now=NOW)
    assert await store_card(db, owner, **CARD, actor=customer(owner), now=NOW) == card
    assert card.token == "cus_1:pm_1"
    assert await cards_on_file(db, owner) == [card]
    with pytest.raises(NotFound):
        await store_card(db, other, **CARD, actor=customer(other), now=NOW)
    with pytest.raises(NotFound):
        await forget_card(db, other, card.id, actor=customer(other), now=NOW)
    await forget_card(db, owner, card.id, actor=customer(owner), now=NOW)
    assert await cards_on_file(db, owner) == []
    rows = await db.fetch("select name from event where customer_id = $1 order by id", owner)
    assert [row["name"] for row in rows] == ["card.kept", "card.forgotten"]
