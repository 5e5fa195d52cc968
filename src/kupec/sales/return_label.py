"""The label a customer puts on what they send back: to us, under the number of their return."""

import asyncio

from kupec.billing import SELLER
from kupec.kit.db import Connection
from kupec.kit.versions import published
from kupec.sales.carriers.own import lay_out_label
from kupec.sales.carriers.protocol import Consignment, Shipment
from kupec.sales.models import Address, Order
from kupec.sales.return_rows import Return


async def return_consignment(db: Connection, order: Order, asked: Return) -> Consignment:
    """What the label says. The address is the seller's, as it stands on invoices."""
    seller = (await published(db, SELLER))[SELLER]
    return Consignment(
        parcel_id=asked.id,
        number=asked.number,
        recipient=Address(
            name=seller.name,
            street=seller.street,
            city=seller.city,
            postcode=seller.postcode,
            country=seller.country,
        ),
        phone=seller.phone,
        email=seller.email,
        language=order.language,
        weight_g=0,
        value=0,
        cod=0,
        currency=order.currency,
        point_id=None,
        service="",
        sender=order.name or order.address.name,
        note=order.number or "",
    )


async def return_label_pdf(parcel: Consignment) -> bytes:
    """Asks nobody; takes a moment, in a thread."""
    shipment = Shipment(number=parcel.number, reference=parcel.number)
    return await asyncio.to_thread(lay_out_label, shipment, parcel)
