"""Our own labels: for our own van, or a carrier that takes parcels as they are. Asks nobody."""

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path

import msgspec
import segno
import typst
from babel.core import Locale

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.money import Money, display
from kupec.sales.carriers.protocol import Consignment, Shipment, Step

_TEMPLATE = Path(__file__).parent / "label.typ"


class OwnLabels:
    """A label of the size A6 with the address, our number and a QR code of it. Tracking comes by webhook or by hand."""

    name = "own"

    async def create_shipment(self, parcel: Consignment) -> Shipment:
        return Shipment(number=parcel.number, reference=parcel.number)

    async def find(self, parcel: Consignment) -> Shipment | None:
        return await self.create_shipment(parcel)

    async def label_pdf(self, shipment: Shipment, parcel: Consignment) -> bytes:
        return await asyncio.to_thread(lay_out_label, shipment, parcel)

    async def track(self, references: Sequence[str]) -> dict[str, list[Step]]:
        return {}

    async def cancel(self, reference: str) -> None:
        """Nobody but us knows of it."""

    async def close(self) -> None:
        """There is nothing to let go of."""


def lay_out_label(shipment: Shipment, parcel: Consignment) -> bytes:
    """The PDF. What people wrote goes in as data, so nothing of it is read as markup."""
    address, language = parcel.recipient, parcel.language
    country = Locale(language).territories.get(address.country, address.country)
    code = io.BytesIO()
    segno.make(shipment.number, error="m", micro=False).save(code, kind="svg", border=0)
    made: bytes = typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={
            "data": msgspec.json.encode(
                {
                    "language": language,
                    "sender": parcel.sender,
                    "number": shipment.number,
                    "qr": code.getvalue().decode(),
                    "name": address.name,
                    "lines": [address.street, f"{address.postcode} {address.city}".strip(), country],
                    "phone": parcel.phone or "",
                    "point": parcel.note,
                    "weight": f"{parcel.weight_g / 1000:.2f} kg" if parcel.weight_g else "",
                    "cod": display(Money(parcel.cod, parcel.currency), language) if parcel.cod else "",
                    "words": {
                        "to": translate(language, _("Recipient")),
                        "cod": translate(language, _("Cash on delivery")),
                    },
                }
            ).decode()
        },
    )
    return made
