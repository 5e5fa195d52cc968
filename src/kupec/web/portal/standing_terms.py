"""Where a standing order goes and how it is paid, from now on: another address, another card, the account."""

from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from kupec.billing import StoredCard, accounts_of, cards_on_file
from kupec.customers import PartyAddress, addresses_of
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import mark as _
from kupec.sales import Address, StandingChange, StandingOrder, change_standing, get_standing
from kupec.web.forms import read_form
from kupec.web.portal.gate import SignedInCustomer, customer_of
from kupec.web.portal.page import go, mine_or_missing, say
from kupec.web.rendering import AnyRequest, language_of, site_of

_PATH = "/my/standing"


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What a standing order may be changed to: other addresses, cards, and the account where there is one."""

    addresses: list[PartyAddress]
    cards: list[StoredCard]
    account: bool


async def choices_of(db: Connection, me: SignedInCustomer, standing: StandingOrder) -> Choices:
    accounts = await accounts_of(db, me.account_ids)
    return Choices(
        addresses=[one for one in await addresses_of(db, me.account_ids) if as_address(one) != standing.address],
        cards=[card for one in me.account_ids for card in await cards_on_file(db, one)],
        account=standing.payment == "account" or any(one.currency == standing.currency for one in accounts.values()),
    )


async def change_of(
    db: Connection,
    me: SignedInCustomer,
    *,
    address_id: UUID | None,
    payment: Literal["account", "card"] | None,
    card_id: UUID | None,
) -> StandingChange:
    """None leaves a part as it is. Raises NotFound for an address of somebody else, InvalidValue (card_id)."""
    change = StandingChange()
    if address_id is not None:
        found = next((one for one in await addresses_of(db, me.account_ids) if one.id == address_id), None)
        if found is None:
            raise NotFound(what="address")
        change = msgspec.structs.replace(change, address=as_address(found))
    if payment is not None:
        if (payment == "card") != (card_id is not None):
            raise InvalidValue(field="card_id", expected=_("one of the cards"))
        change = msgspec.structs.replace(change, payment=payment, card_id=card_id)
    return change


def as_address(one: PartyAddress) -> Address:
    return Address(**{part: one.address.get(part, "") for part in Address.__struct_fields__})


@post("/{language:str}/my/standing/{standing_id:uuid}/terms", status_code=303, opt={"part": "buy"})
async def terms(request: AnyRequest, standing_id: FromPath[UUID]) -> Response[Any]:
    """`payment` is "account" or the id of a card; what is left empty stays as it is."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    on_account, target = form.text("payment") == "account", f"{_PATH}/{standing_id}"
    try:
        async with site.database.transaction() as db:
            mine_or_missing((await get_standing(db, standing_id)).customer_id in me.account_ids, "standing order")
            card = form.uuid("payment") if form.text("payment") and not on_account else None
            change = await change_of(
                db,
                me,
                address_id=form.uuid("address") if form.text("address") else None,
                payment="account" if on_account else "card" if card else None,
                card_id=card,
            )
            await change_standing(db, standing_id, change, actor=me.actor, now=site.clock.now())
    except KupecError as error:
        if error.status in (403, 404):
            raise
        return go(request, target, failed=say(error, language_of(request)))
    return go(request, target, done=_("Changed from now on."))


routes = (terms,)
