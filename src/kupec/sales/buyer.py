"""What a buyer says about themself and the delivery, checked and put into its normal form."""

from uuid import UUID

import msgspec

from kupec.customers import normalise_company_id, normalise_email, normalise_phone, normalise_vat_id, valid_postcode
from kupec.kit.errors import InvalidValue
from kupec.sales.models import Address, Company, PickupPoint


class CartDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer tells about themself and the delivery; UNSET leaves a part as it is, None clears it."""

    email: str | msgspec.UnsetType | None = msgspec.UNSET
    name: str | msgspec.UnsetType | None = msgspec.UNSET
    phone: str | msgspec.UnsetType | None = msgspec.UNSET
    address: Address | msgspec.UnsetType | None = msgspec.UNSET
    shipping_method: str | msgspec.UnsetType | None = msgspec.UNSET
    slot_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    pickup_point: PickupPoint | msgspec.UnsetType | None = msgspec.UNSET
    payment_method: str | msgspec.UnsetType | None = msgspec.UNSET
    company: Company | msgspec.UnsetType | None = msgspec.UNSET
    market: str | msgspec.UnsetType = msgspec.UNSET
    language: str | msgspec.UnsetType = msgspec.UNSET


def check_details(details: CartDetails) -> CartDetails:
    """The details in their normal form. Raises InvalidValue naming the field and what would be right."""
    values = {name: getattr(details, name) for name in CartDetails.__struct_fields__}
    if values["email"]:
        values["email"] = normalise_email(values["email"])
    if isinstance(values["address"], Address):
        values["address"] = _checked_address(values["address"])
    if values["phone"]:
        country = values["address"].country if isinstance(values["address"], Address) else ""
        values["phone"] = normalise_phone(values["phone"], country)
    if isinstance(values["name"], str):
        values["name"] = _line_of_text("name", values["name"])
    if isinstance(values["company"], Company):
        values["company"] = _checked_company(values["company"])
    if isinstance(values["pickup_point"], PickupPoint):
        point = values["pickup_point"]
        values["pickup_point"] = PickupPoint(
            id=_line_of_text("pickup_point", point.id), label=_line_of_text("pickup_point", point.label)
        )
    return CartDetails(**values)


def _checked_address(address: Address) -> Address:
    parts = {part: _line_of_text(f"address.{part}", getattr(address, part)) for part in Address.__struct_fields__}
    parts["country"] = parts["country"].upper()
    if parts["country"] and not (len(parts["country"]) == 2 and parts["country"].isascii()):
        raise InvalidValue(field="address.country", expected="a two-letter country code, such as CZ")
    if parts["postcode"] and not valid_postcode(parts["country"], parts["postcode"]):
        raise InvalidValue(field="address.postcode", expected="a postcode of that country")
    return Address(**parts)


def _checked_company(company: Company) -> Company:
    """A business is known by its name; both ids may be missing, but neither may be wrong."""
    name = _line_of_text("company.name", company.name)
    if not name:
        raise InvalidValue(field="company.name", expected="the name of the business")
    return Company(
        name=name,
        company_id=normalise_company_id(company.company_id, field="company.company_id"),
        vat_id=normalise_vat_id(company.vat_id, field="company.vat_id"),
    )


def _line_of_text(field: str, text: str) -> str:
    cleaned = " ".join(text.split())
    if len(cleaned) > 200 or not cleaned.isprintable():
        raise InvalidValue(field=field, expected="one line of at most 200 characters")
    return cleaned
