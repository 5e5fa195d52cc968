"""A card is kept when its owner ticks it and its money is held; then it pays again, for its owner and nobody else."""

from uuid import UUID

import httpx
import pytest

from kupec.billing import KeepFor, KeptCard, StoredCard, cards_of
from kupec.kit.actor import guest
from kupec.sales import CompleteRequest, Completion
from tests.billing.owing import a_party
from tests.sales.conftest import Shop
from tests.shop import filled_cart


async def bought(shop: Shop, token: str, *, keep: KeepFor | None = None) -> Completion:
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    request = CompleteRequest(
        cart_id=cart_id,
        key=str(cart_id),
        card_token=token,
        expected_total=None,
        return_url="http://localhost/return/{payment}",
        actor=guest(cart_id),
        keep=keep,
    )
    return await shop.checkout.complete(request)


async def an_owner(shop: Shop) -> UUID:
    async with shop.database.transaction() as db:
        return await a_party(db)


async def kept(shop: Shop, owner: UUID) -> list[StoredCard]:
    async with shop.database.reading() as db:
        return await cards_of(db, [owner])


async def test_a_kept_card_pays_again(shop: Shop) -> None:
    owner = await an_owner(shop)
    keep = KeepFor(party_id=owner, consent="Keep it.")
    assert (await bought(shop, "tok_visa")).state == "placed"
    assert await kept(shop, owner) == []
    for _ in range(2):
        assert (await bought(shop, "tok_visa", keep=keep)).state == "placed"
    (card,) = await kept(shop, owner)
    assert card.label == "Visa •••• 4242"
    assert "4242" not in card.token.replace("•••• 4242", "")
    for token in (card.token, card.token_here):
        assert (await bought(shop, token)).state == "placed"
    stolen = f"cus_{'0' * 32}:{card.card_reference}"
    assert (await bought(shop, stolen)).state == "failed"


async def test_a_refused_card_is_not_kept(shop: Shop) -> None:
    owner = await an_owner(shop)
    assert (await bought(shop, "tok_declined", keep=KeepFor(party_id=owner, consent="Keep it."))).state == "failed"
    assert await kept(shop, owner) == []


async def test_a_card_that_wants_its_owner_is_kept_when_they_confirm_and_asks_again(shop: Shop) -> None:
    owner = await an_owner(shop)
    waiting = await bought(shop, "tok_3ds", keep=KeepFor(party_id=owner, consent="Keep it."))
    assert waiting.state == "requires_action"
    assert await kept(shop, owner) == [], "nobody has agreed to pay yet"
    assert waiting.action_url is not None
    assert waiting.payment_id is not None
    await confirm(shop, waiting.action_url)
    assert (await shop.checkout.settle_payment(waiting.payment_id)).state == "placed"
    (card,) = await kept(shop, owner)
    assert (await bought(shop, card.token_here)).state == "requires_action"
    away = await bought(shop, card.token)
    assert (away.state, away.error_code) == ("failed", "authentication_required")


async def confirm(shop: Shop, action_url: str) -> None:
    async with httpx.AsyncClient() as browser:
        await browser.post(action_url, data={"decision": "confirm"})


@pytest.mark.parametrize("token", ["a:b", "here:a:b", "card_1"])
async def test_references_are_worth_nothing_to_who_does_not_hold_them(shop: Shop, token: str) -> None:
    assert (await bought(shop, token)).state == "failed"


def test_what_a_provider_says_has_no_number() -> None:
    assert set(KeptCard.__struct_fields__) == {"customer_reference", "card_reference", "label"}
