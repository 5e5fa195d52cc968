"""Packeta (Zásilkovna) by its REST/XML interface: parcels to its points and, by a carrier's id, to the door.

The fields are those of the public reference (docs.packeta.com, "API methods reference" and "Status codes"). The
interface cannot be asked for a packet by our number: when a call may have happened, a person looks.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import aiohttp

from kupec.kit.money import Money
from kupec.sales.carriers.protocol import (
    CannotAsk,
    CarrierRefused,
    CarrierUnreachable,
    Consignment,
    Shipment,
    Step,
    TrackingState,
)

PATIENCE = 20.0
"""Seconds a call may take."""
LABEL_FORMAT = "A6 on A6"
_LARGEST = 10_000_000
_ZONE = ZoneInfo("Europe/Prague")

# By `statusCode`. 8 and 13 are not in use; 11 (cancelled) and 999 (unknown) say nothing of where a packet is.
_STATES: dict[int, TrackingState] = {
    1: "announced",
    2: "accepted",
    3: "in_transit",
    4: "in_transit",
    5: "at_point",
    6: "in_transit",
    7: "delivered",
    9: "returning",
    10: "returned",
    12: "accepted",
    14: "in_transit",
    15: "accepted",
    16: "attempted",
    17: "returning",
}


class Packeta:
    """A Carrier; one for each process, as it keeps its connections."""

    name = "packeta"

    def __init__(self, url: str, *, password: str, sender: str, patience: float = PATIENCE) -> None:
        self._url = url
        self._password = password
        self._sender = sender
        self._patience = patience
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def create_shipment(self, parcel: Consignment) -> Shipment:
        call = ElementTree.Element("createPacket")
        _add(call, "apiPassword", self._password)
        attributes = ElementTree.SubElement(call, "packetAttributes")
        for name, value in self._attributes(parcel).items():
            _add(attributes, name, value)
        result = await self._call(call)
        return Shipment(number=_text(result, "barcode"), reference=_text(result, "id"))

    def _attributes(self, parcel: Consignment) -> dict[str, str]:
        first, _, last = parcel.recipient.name.strip().rpartition(" ")
        attributes = {
            # Up to 36 letters and digits, unique in an e-shop.
            "number": parcel.parcel_id.hex,
            "name": first or last,
            "surname": last,
            "email": parcel.email or "",
            "phone": parcel.phone or "",
            "addressId": parcel.point_id or parcel.service,
            "cod": _amount(parcel.cod, parcel.currency) if parcel.cod else "",
            "value": _amount(parcel.value, parcel.currency),
            "currency": parcel.currency,
            "weight": f"{max(parcel.weight_g, 1) / 1000:.3f}",
            "eshop": self._sender,
        }
        if not parcel.point_id:
            street, number = _street(parcel.recipient.street)
            attributes |= {
                "street": street,
                "houseNumber": number,
                "city": parcel.recipient.city,
                "zip": parcel.recipient.postcode,
            }
        return {name: value for name, value in attributes.items() if value}

    async def find(self, parcel: Consignment) -> Shipment | None:
        raise CannotAsk

    async def label_pdf(self, shipment: Shipment, parcel: Consignment) -> bytes:
        call = self._about("packetLabelPdf", shipment.reference)
        _add(call, "format", LABEL_FORMAT)
        _add(call, "offset", "0")
        result = await self._call(call)
        try:
            pdf = base64.b64decode("".join((result.text or "").split()), validate=True)
        except binascii.Error:
            raise CarrierUnreachable(reason="a label that is no PDF") from None
        if not pdf.startswith(b"%PDF"):
            raise CarrierUnreachable(reason="a label that is no PDF")
        return pdf

    async def track(self, references: Sequence[str]) -> dict[str, list[Step]]:
        found = {}
        for reference in references:
            try:
                result = await self._call(self._about("packetTracking", reference))
            except CarrierRefused:
                continue
            steps = [step for record in result.iter("record") if (step := _step(record)) is not None]
            found[reference] = sorted(steps, key=lambda step: step.at)
        return found

    async def cancel(self, reference: str) -> None:
        await self._call(self._about("cancelPacket", reference))

    def _about(self, method: str, reference: str) -> ElementTree.Element:
        call = ElementTree.Element(method)
        _add(call, "apiPassword", self._password)
        _add(call, "packetId", reference)
        return call

    async def _call(self, call: ElementTree.Element) -> ElementTree.Element:
        """The `result` of a method, which is the name of `call`."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._patience))
        try:
            async with self._session.post(
                self._url,
                data=ElementTree.tostring(call, encoding="utf-8", xml_declaration=True),
                headers={"Content-Type": "application/xml"},
            ) as answer:
                body = await answer.content.read(_LARGEST)
                status = answer.status
        except aiohttp.ClientConnectorError as error:
            raise CarrierUnreachable(reason=str(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CarrierUnreachable(reason=str(error) or type(error).__name__, may_have_happened=True) from error
        return _result(status, body)


def _result(status: int, body: bytes) -> ElementTree.Element:
    try:
        # The parser resolves no external entities, and refuses a document that declares any of its own.
        if b"<!" in body.replace(b"<![CDATA[", b""):
            raise CarrierUnreachable(reason="an answer with a document type", may_have_happened=True)
        answer = ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError as error:
        raise CarrierUnreachable(reason=f"answered {status}, no XML", may_have_happened=True) from error
    said = answer.findtext("status", "")
    if said == "fault":
        faults = [(fault.findtext("name", ""), fault.findtext("fault", "")) for fault in answer.iter("fault")]
        named = [(name, text) for name, text in faults if name]
        reason = "; ".join(f"{name}: {text}" for name, text in named) or answer.findtext("string", "")
        kind = answer.findtext("fault", "")
        raise CarrierRefused(field=named[0][0] if named else kind or None, reason=reason or kind)
    result = answer.find("result")
    if said != "ok" or result is None:
        raise CarrierUnreachable(reason=f"answered {status}, neither ok nor fault", may_have_happened=True)
    return result


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = "".join(char for char in text if char.isprintable())


def _text(result: ElementTree.Element, name: str) -> str:
    text = result.findtext(name, "").strip()
    if not text:
        raise CarrierUnreachable(reason=f"an answer without {name}", may_have_happened=True)
    return text


def _amount(minor: int, currency: str) -> str:
    return str(Money(minor, currency).decimal.quantize(Decimal("0.01")))


def _street(street: str) -> tuple[str, str]:
    """ "Dlouhá 12/3" is the street and the number of a house; one without a number keeps all as the street."""
    name, _, number = street.strip().rpartition(" ")
    return (name, number) if name and any(char.isdigit() for char in number) else (street.strip(), "")


def _step(record: ElementTree.Element) -> Step | None:
    """A record of `packetTracking`; its time is Prague's where it names no zone. None for what says nothing new."""
    try:
        state = _STATES.get(int(record.findtext("statusCode", "")))
        at = datetime.fromisoformat(record.findtext("dateTime", "").strip())
    except ValueError:
        return None
    if state is None:
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=_ZONE)
    return Step(at=aware, state=state, text=record.findtext("statusText", "").strip()[:200])
