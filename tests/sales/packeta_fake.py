"""A stand-in for Packeta on its wire format: POST of XML, the root is the method, the answer `<response>`.

Methods, fields, faults and status codes as in the public reference, github.com/Packeta/api-documentation:
docs/api-reference/api-methods-reference.mdx (createPacket, packetLabelPdf, packetTracking),
data-structures-reference.mdx (PacketAttributes, PacketIdDetail, StatusRecord), errors-reference.mdx
(PacketAttributesFault of AttributeFault name and fault, IncorrectApiPasswordFault, PacketIdFault) and
docs/packet_tracking/status-codes.mdx. It can lose its answer after the packet was made, or before it was asked.
"""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.etree import ElementTree

from aiohttp import web
from aiohttp.test_utils import TestServer

PASSWORD = "1234567890abcdef1234567890abcdef"
PDF = b"%PDF-1.7 a label of Packeta"
REQUIRED = ("number", "name", "surname", "addressId", "value", "weight", "eshop")


class FakePacketa:
    """Packets by our number, what was asked, and how it is to fail next: "lost", "garbage", "document"."""

    def __init__(self) -> None:
        self.packets: dict[str, dict[str, str]] = {}
        self.calls: list[str] = []
        self.created = 0
        self.failures: list[str] = []
        self.history: dict[str, list[tuple[str, str, str]]] = {}
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        call = ElementTree.fromstring(await request.read())
        self.calls.append(call.tag)
        failure = self.failures.pop(0) if self.failures else ""
        if failure == "refuse":
            return web.Response(status=503, text="<html>busy</html>")
        answer = self._answer(call)
        if failure == "lost":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if failure == "document":
            return web.Response(text='<!DOCTYPE x [<!ENTITY e "boo">]><response><status>ok</status></response>')
        return web.Response(body=answer, content_type="text/xml")

    def _answer(self, call: ElementTree.Element) -> bytes:
        if call.findtext("apiPassword") != PASSWORD:
            return _fault("IncorrectApiPasswordFault", "Incorrect API password.")
        if call.tag == "createPacket":
            return self._create(call)
        packet_id = call.findtext("packetId", "")
        if packet_id not in {packet["id"] for packet in self.packets.values()}:
            return _fault("PacketIdFault", "Invalid packet id.")
        if call.tag == "packetLabelPdf":
            assert call.findtext("format") == "A6 on A6"
            return _ok(base64.b64encode(PDF).decode())
        if call.tag == "packetTracking":
            records = "".join(
                f"<record><dateTime>{at}</dateTime><statusCode>{code}</statusCode>"
                f"<codeText>x</codeText><statusText>{text}</statusText></record>"
                for at, code, text in self.history.get(packet_id, [])
            )
            return _ok(records)
        return _ok("")

    def _create(self, call: ElementTree.Element) -> bytes:
        attributes = {child.tag: child.text or "" for child in call.findall("packetAttributes/*")}
        missing = [name for name in REQUIRED if not attributes.get(name)]
        if not (attributes.get("email") or attributes.get("phone")):
            missing.append("email")
        if not attributes.get("number", "").isalnum() or len(attributes.get("number", "")) > 36:
            missing.append("number")
        if missing:
            faults = "".join(f"<fault><name>{name}</name><fault>is required</fault></fault>" for name in missing)
            return _fault("PacketAttributesFault", "Attributes are not valid.", f"<attributes>{faults}</attributes>")
        self.created += 1
        packet_id = f"{1_000_000_000 + self.created}"
        self.packets[attributes["number"]] = attributes | {"id": packet_id}
        return _ok(f"<id>{packet_id}</id><barcode>Z{packet_id}</barcode><barcodeText>Z {packet_id}</barcodeText>")


def _ok(result: str) -> bytes:
    body = f"<response><status>ok</status><result>{result}</result></response>"
    return f"<?xml version='1.0' encoding='utf-8'?>{body}".encode()


def _fault(kind: str, text: str, detail: str = "") -> bytes:
    return (
        f"<response><status>fault</status><fault>{kind}</fault><string>{text}</string>"
        f"<detail>{detail}</detail></response>"
    ).encode()


@asynccontextmanager
async def fake_packeta() -> AsyncIterator[FakePacketa]:
    fake = FakePacketa()
    application = web.Application()
    application.router.add_post("/api/rest", fake.handle)
    server = TestServer(application)
    await server.start_server()
    fake.url = str(server.make_url("/api/rest"))
    try:
        yield fake
    finally:
        await server.close()
