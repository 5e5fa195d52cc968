"""Cards on file: references only, each once, charged for nobody else."""

import pytest

from kupec.billing import (
    KeepFor,
    KeptCard,
    ask_to_keep,
    cards_of,
    cards_on_file,
    forget_card,
    keep_cards,
    store_card,
)
from kupec.kit.actor import customer
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from tests.billing.making import NOW
from tests.billing.owing import a_party, owed

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


async def test_cards_are_kept_for_whom_they_were_ticked_and_once(db: Connection) -> None:
    owner, other = await a_party(db), await a_party(db, "Somebody else")
    ticked, plain = [await owed(db, number=number, provider="cod") for number in ("Z1", "Z2")]
    await ask_to_keep(db, [(ticked.id, KeepFor(party_id=owner, consent="Keep it."))], now=NOW)
    card = KeptCard(customer_reference="cus_1", card_reference="card_1", label="Visa •••• 4242")
    for _ in range(2):
        await keep_cards(db, [(ticked, card), (plain, card)], now=NOW)
    (kept,) = await cards_of(db, [other, owner])
    assert (kept.party_id, kept.provider, kept.token, kept.token_here) == (
        owner,
        "cod",
        "cus_1:card_1",
        "here:cus_1:card_1",
    )
    assert await cards_of(db, [other]) == []
    assert await db.fetchval("select consent from stored_card") == "Keep it."
    assert await db.fetchval("select count(*) from card_to_keep") == 0
    assert await db.fetchval("select count(*) from event where name = 'card.kept'") == 1
