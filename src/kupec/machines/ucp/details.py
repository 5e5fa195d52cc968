"""What a platform says about the buyer and the delivery, as a cart knows it."""

import msgspec

from kupec.machines.ucp.destinations import selected
from kupec.machines.ucp.errors import MethodUnavailable
from kupec.machines.ucp.requests import BuyerIn, DestinationIn, FulfillmentIn, MethodIn
from kupec.sales import Address, Cart, CartDetails, check_details


def completed(details: CartDetails, cart: Cart, market: str, language: str | None) -> CartDetails:
    """The details with what follows from the rest: who receives the goods, the market, the language."""
    details = msgspec.structs.replace(details, market=market)
    if language is not None:
        details = msgspec.structs.replace(details, language=language)
    name = cart.name if details.name is msgspec.UNSET else details.name
    if isinstance(details.address, Address) and not details.address.name and name:
        details = msgspec.structs.replace(details, address=msgspec.structs.replace(details.address, name=name))
    return details


def details_of(buyer: BuyerIn | None, fulfillment: FulfillmentIn | None) -> CartDetails:
    """What the body says about the buyer and the delivery; what it does not say is UNSET.

    Raises InvalidValue naming the member, and MethodUnavailable for goods to be picked up.
    """
    given: dict[str, object] = {}
    if buyer is not None:
        given["email"] = buyer.email
        given["phone"] = buyer.phone_number
        given["name"] = " ".join(part for part in (buyer.first_name, buyer.last_name) if part) or None
    if fulfillment is not None and fulfillment.methods:
        given |= _delivery(fulfillment.methods[0], given.get("phone"))
    return check_details(CartDetails(**given))  # type: ignore[arg-type]


def _delivery(method: MethodIn, phone: object) -> dict[str, object]:
    if method.type != "shipping":
        raise MethodUnavailable(field="fulfillment.methods[0].type")
    given: dict[str, object] = {}
    destination = selected(method.destinations, method.selected_destination_id)
    if destination is not None:
        given["address"] = _address(destination)
        if destination.phone_number and not phone:
            given["phone"] = destination.phone_number
    option = method.groups[0].selected_option_id if method.groups else None
    if option is not None:
        given["shipping_method"] = option
    return given


def replacing(details: CartDetails) -> CartDetails:
    """The details as all that there is from now on: what was not said is taken back."""
    told = {name: value for name, value in msgspec.structs.asdict(details).items() if value is not msgspec.UNSET}
    missing: dict[str, object] = dict.fromkeys(("email", "name", "phone", "shipping_method", "address"))
    return CartDetails(**missing | told)  # type: ignore[arg-type]


def keeping(details: CartDetails) -> CartDetails:
    """The same, but the address stays: the platform has named it without telling it again."""
    return msgspec.structs.replace(details, address=msgspec.UNSET)


def _address(place: DestinationIn) -> Address:
    name = " ".join(part for part in (place.first_name, place.last_name) if part)
    street = " ".join(part for part in (place.street_address, place.extended_address) if part)
    return Address(
        name=name,
        street=street,
        city=place.address_locality or "",
        postcode=place.postal_code or "",
        country=place.address_country or "",
    )
