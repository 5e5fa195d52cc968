"""Cards on file at checkout: a signed-in customer picks one that is kept, or lets us keep the one they type."""

from typing import Any

import msgspec
from litestar import Request

from kupec.billing import KeepFor, StoredCard, cards_of
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.web.forms import Form
from kupec.web.rendering import site_of
from kupec.web.storefront.shop import Shop

_LONGEST = 1_000
CONSENT = _(
    "Keep this card for next time. The card gateway keeps it, we only know its last digits; you can have it forgotten "
    "at any time."
)

AnyRequest = Request[Any, Any, Any]


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    """What checkout shows of cards on file; nothing of it for who is not signed in."""

    offered: list[StoredCard] = []
    chosen: StoredCard | None = None
    keep: bool = False
    """The card that is typed is to be kept."""

    @property
    def consent(self) -> str:
        return CONSENT

    def token(self, form: Form) -> str:
        """What pays: the kept card that is chosen, or what stands for the one that was typed.

        References of kept cards are never taken from a form.
        """
        if self.chosen:
            return self.chosen.token_here
        typed = form.text("card_token", most=_LONGEST)
        return "" if ":" in typed or typed.startswith("card_") else typed

    def keep_for(self, shop: Shop) -> KeepFor | None:
        """Whose card is to be kept, where they are signed in and have ticked it."""
        if shop.customer is None or self.chosen or not self.keep:
            return None
        account_id = shop.customer.account.id
        known = next((card.customer_reference for card in self.offered if card.party_id == account_id), "")
        return KeepFor(party_id=account_id, consent=translate(shop.language, CONSENT), customer_reference=known)


async def cards_here(request: AnyRequest, db: Connection, shop: Shop, form: Form | None = None) -> Cards:
    """The cards of whoever is signed in here, at the provider in use; before any choice the latest one pays."""
    if shop.customer is None or not shop.customer.may("buy"):
        return Cards()
    provider = site_of(request).payments.name
    offered = [card for card in await cards_of(db, shop.customer.account_ids) if card.provider == provider]
    if form is None:
        return Cards(offered=offered, chosen=offered[0] if offered else None)
    asked = form.text("card_id", most=40)
    chosen = next((card for card in offered if str(card.id) == asked), None)
    return Cards(offered=offered, chosen=chosen, keep="keep_card" in form)
