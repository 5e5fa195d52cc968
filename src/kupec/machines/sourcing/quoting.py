"""Suppliers are asked, all at once, what they want for a wish: each opens a session that could be completed."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from kupec.machines.sourcing.answers import Session, best_option, check_session, line_total
from kupec.machines.sourcing.client import SellerClient
from kupec.machines.sourcing.errors import NoOffer
from kupec.machines.sourcing.models import LeftOut, Offer, OfferedLine, Recipient, Record, Supplier
from kupec.machines.sourcing.recipients import Ground
from kupec.machines.trust import Trust

_READY = "ready_for_complete"
_PATIENCE = 25.0  # seconds for all that one supplier is asked


async def ask_suppliers(
    trust: Trust,
    ground: Ground,
    lines: Sequence[tuple[str, int]],
    *,
    needed_on: date | None,
    zone: str,
) -> list[Offer | LeftOut]:
    """An offer of each supplier, or why there is none. No transaction is open."""
    return list(await asyncio.gather(*(_ask(trust, ground, each, lines, needed_on, zone) for each in ground.suppliers)))


async def _ask(
    trust: Trust,
    ground: Ground,
    supplier: Supplier,
    lines: Sequence[tuple[str, int]],
    needed_on: date | None,
    zone: str,
) -> Offer | LeftOut:
    if ground.recipient is None:
        return LeftOut(seller=supplier.host, reason="no_address")
    client = SellerClient(trust, supplier.url)
    try:
        async with asyncio.timeout(_PATIENCE):
            names = ground.items.get(supplier.id, {})
            session, items = await quote(client, lines, names, ground.recipient, ground, needed_on=needed_on)
    except NoOffer as error:
        return LeftOut(seller=supplier.host, reason=str(error.details["reason"]))
    except TimeoutError:
        return LeftOut(seller=supplier.host, reason="timeout")
    return _offer(supplier, session, items, ground.records.get(supplier.id, Record()), zone)


async def quote(
    client: SellerClient,
    lines: Sequence[tuple[str, int]],
    names: Mapping[str, str],
    recipient: Recipient,
    ground: Ground,
    *,
    needed_on: date | None,
) -> tuple[Session, dict[str, str]]:
    """A session that could be completed as it stands, and by the seller's item which SKU it is. Raises NoOffer."""
    wanted = {sku: names.get(sku, sku) for sku, _ in lines}
    known = await client.lookup(sorted(set(wanted.values())))
    if any(item not in known for item in wanted.values()):
        raise NoOffer(reason="not_sold")
    by_item = {known[item].id: sku for sku, item in wanted.items()}
    pieces = [(known[wanted[sku]].id, quantity) for sku, quantity in lines]
    body = body_of(pieces, recipient, ground)
    session = await client.open_session(body)
    check_session(session, pieces)
    group = session.group
    option = best_option(group, needed_on) if group is not None else None
    if group is not None and option is not None and group.selected_option_id != option.id:
        session = await client.change_session(session.id, body_of(pieces, recipient, ground, option=option.id))
        check_session(session, pieces)
    if session.status != _READY:
        await client.cancel(session.id)
        raise NoOffer(reason=session.reason)
    return session, by_item


def body_of(
    pieces: Sequence[tuple[str, int]], recipient: Recipient, ground: Ground, *, option: str | None = None
) -> dict[str, Any]:
    """What a seller is asked: the goods, who gets them, and where."""
    first, _, last = recipient.name.partition(" ")
    address = recipient.address
    place_first, _, place_last = address.name.partition(" ")
    place = {
        "id": "address",
        "first_name": place_first or first,
        "last_name": place_last or last,
        "street_address": address.street,
        "address_locality": address.city,
        "postal_code": address.postcode,
        "address_country": address.country,
    }
    method: dict[str, Any] = {
        "type": "shipping",
        "destinations": [place],
        "selected_destination_id": "address",
    }
    if option is not None:
        method["groups"] = [{"selected_option_id": option}]
    buyer = {"first_name": first, "last_name": last, "email": recipient.email}
    if recipient.phone:
        buyer["phone_number"] = recipient.phone
    return {
        "line_items": [{"item": {"id": item}, "quantity": quantity} for item, quantity in pieces],
        "buyer": {name: text for name, text in buyer.items() if text},
        "fulfillment": {"methods": [method]},
        "context": {
            "address_country": address.country,
            "currency": ground.currency,
            "language": ground.language,
        },
    }


def _offer(supplier: Supplier, session: Session, items: Mapping[str, str], record: Record, zone: str) -> Offer:
    option = session.group.selected if session.group is not None else None
    promised_at = option.promised_at if option is not None else None
    return Offer(
        seller=supplier.host,
        total=session.total,
        currency=session.currency,
        arrives_on=promised_at.astimezone(ZoneInfo(zone)).date() if promised_at else None,
        record=record,
        payment_days=supplier.payment_days,
        supplier_id=supplier.id,
        session_id=session.id,
        promised_at=promised_at,
        lines=tuple(
            OfferedLine(
                sku=items[line.item.id],
                quantity=line.quantity,
                total=line_total(line),
                name="".join(letter for letter in line.item.title[:200] if letter.isprintable()),
            )
            for line in session.line_items
        ),
    )
