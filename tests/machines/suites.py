"""What a conformance suite is told about the florist's, and platforms' profiles that are as they should not be."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from kupec.kit.db import connect
from tests.stack import Stack, free_port

Json = dict[str, Any]


def merchant(stack: Stack, profiles: str) -> Json:
    """The config of spck-conformance: what it cannot find out by itself."""
    ids = asyncio.run(_variants(stack.dsn))
    return {
        "product_id": ids["DAISY"],
        "currency": "USD",
        "out_of_stock_id": ids["LILY"],
        "fulfillment_option_id": "std",
        "complete_payment": paying("tok_visa"),
        "fail_payment": paying("tok_declined"),
        "catalog": {
            "variant_id": ids["DAISY"],
            "max_batch": 100,
            "paginated_query": "bouquet",
            "paginated_total": 13,
        },
        "discount": {
            "valid_code": "TENTH",
            "second_valid_code": "DOLLAR",
            "invalid_code": "NOPE",
            "case_insensitive": True,
            "rejected_messages": True,
            "item": {"code": "FERNFIFTH", "product_id": ids["FERN"], "quantity": 1},
            "automatic": {"product_id": ids["MOSS"], "quantity": 12},
        },
        "cart": {"second_product_id": ids["FERN"]},
        "order": {"simulate_adjustment": True, "second_product_id": ids["FERN"]},
        "totals": {"sublines": True},
        "unavailable": {"business_outcome": True},
        "eligibility": {"unrecognized": "com.example.nobody"},
        "negotiation": {
            "harness": True,
            "validates_profile_url": True,
            "unsupported_version_profile_url": f"{profiles}/unsupported",
            "incompatible_caps_profile_url": f"{profiles}/incompatible",
            "malformed_profile_url": f"{profiles}/malformed",
            "unreachable_profile_url": f"http://127.0.0.1:{free_port()}/nobody",
        },
        "signature": asyncio.run(_known_platform(stack.dsn)),
        "webhooks": {"simulate": True, "signed": True, "retries": True, "wait_seconds": 90},
    }


def paying(token: str) -> Json:
    credential = {"type": "token", "token": token}
    return {"payment": {"instruments": [{"id": "one", "handler_id": "card", "type": "card", "credential": credential}]}}


async def _known_platform(dsn: str) -> Json:
    """The suite's agent as the shop knows it: with keys to verify by, and one of a kind that is not understood."""
    private = [_jwk(kid) for kid in ("suite", "retired")]
    public = [{name: value for name, value in key.items() if name != "d"} for key in private]
    other = {**public[0], "kid": "other", "crv": "P-521", "alg": "ES512"}
    document = {"ucp": {"version": "2026-04-08", "capabilities": {}}, "signing_keys": [*public, other]}
    now = datetime.now(UTC)
    connection = await connect(dsn, application="suite")
    try:
        await connection.execute(
            """
            insert into platform_profile (url, document, fetched_at, fresh_until, failure, asked_at)
            values ($1, $2, $3, $4, null, $3)
            """,
            *("https://spck.dev/agent", json.dumps(document).encode(), now, now + timedelta(hours=1)),
        )
    finally:
        await connection.close()
    return {
        "responses": True,
        "request_private_jwk": private[0],
        "rotated_private_jwk": private[1],
        "unsupported_alg_kid": "other",
    }


def _jwk(kid: str) -> Json:
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    public = numbers.public_numbers
    named = {"x": public.x, "y": public.y, "d": numbers.private_value}
    told = {
        name: base64.urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode() for name, value in named.items()
    }
    return {"kid": kid, "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", **told}


async def _variants(dsn: str) -> dict[str, str]:
    connection = await connect(dsn, application="suite")
    try:
        return {row["sku"]: str(row["id"]) for row in await connection.fetch("select sku, id from variant")}
    finally:
        await connection.close()


@contextmanager
def odd_profiles() -> Iterator[str]:
    """The address of a server of platforms' profiles: /unsupported, /incompatible, /malformed."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Profiles)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _profile(version: str, *names: str) -> str:
    return json.dumps({"ucp": {"version": version, "capabilities": {name: [{"version": version}] for name in names}}})


_SHOPPING = "dev.ucp.shopping"
_BODIES = {
    "/unsupported": _profile("2099-01-01", f"{_SHOPPING}.checkout"),
    "/incompatible": _profile("2026-04-08", "com.example.other"),
    "/malformed": "<html>",
}


class _Profiles(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = _BODIES[self.path].encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
