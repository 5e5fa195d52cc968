"""Where a session's goods go, and the ways in which they may."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.recurrence_words import day_in_words
from kupec.kit.settings import Settings
from kupec.machines.ucp.shapes import Destination, Fulfillment, Group, Method, Option, Total
from kupec.machines.ucp.standing import Session
from kupec.sales import Address, ShippingOption


def fulfillment(session: Session, settings: Settings) -> Fulfillment:
    """One method and one group: everything goes together, to the destination that the platform named."""
    seen = session.seen
    line_ids = [str(line.id) for line in seen.lines]
    address = session.told.address
    group = Group(
        id="parcel",
        line_item_ids=line_ids,
        options=[_option(option, settings, seen.cart.language) for option in seen.shipping_options],
        selected_option_id=seen.shipping.code if seen.shipping else None,
    )
    return Fulfillment(
        methods=[
            Method(
                id="shipping",
                type="shipping",
                line_item_ids=line_ids,
                destinations=[destination(address, session.destination)] if address else [],
                selected_destination_id=session.destination if address else None,
                groups=[group],
            )
        ]
    )


def delivery_title(name: str, promised_on: date, *, free: bool, language: str) -> str:
    """What a way of delivery is called, in a session and in its order: how, when, and whether for nothing."""
    if free:
        name = translate(language, _("Free {delivery}")).format(delivery=name)
    return f"{name}, {day_in_words(promised_on, language)}"


def _option(option: ShippingOption, settings: Settings, language: str) -> Option:
    by_evening = datetime.combine(option.promised_on, time(20), ZoneInfo(settings.shop_timezone))
    left = option.fee - option.discount
    return Option(
        id=option.code,
        title=delivery_title(option.name, option.promised_on, free=left == 0, language=language),
        carrier=option.carrier,
        latest_fulfillment_time=by_evening.isoformat(),
        totals=_totals(option),
    )


def _totals(option: ShippingOption) -> list[Total]:
    total = Total(type="total", amount=option.fee - option.discount)
    if not option.discount:
        return [total]
    return [
        Total(type="fulfillment", amount=option.fee),
        Total(type="discount", amount=-option.discount),
        total,
    ]


def destination(address: Address, destination_id: str) -> Destination:
    first, _space, last = address.name.partition(" ")
    return Destination(
        id=destination_id,
        first_name=first or None,
        last_name=last or None,
        street_address=address.street,
        address_locality=address.city,
        postal_code=address.postcode,
        address_country=address.country,
    )
