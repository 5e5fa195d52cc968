"""Another machine, with keys of its own and a real address, that signs and verifies by itself."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec

from kupec.machines.trust import Signing


def new_key(kid: str) -> Signing:
    return Signing(kid=kid, private=ec.generate_private_key(ec.SECP256R1()))


def jwk(key: Signing) -> dict[str, str]:
    numbers = key.private.public_key().public_numbers()
    return {"kid": key.kid, "kty": "EC", "crv": "P-256", "x": _text(numbers.x), "y": _text(numbers.y)}


def _text(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")


class Other:
    """Publishes a profile at `url` and keeps what it is told at `hooks`. `answers` are used up one a request."""

    def __init__(self) -> None:
        self.url = ""
        self.hooks = ""
        self.keys = [new_key("one")]
        self.headers: dict[str, str] = {}
        self.profile_status = 200
        self.profile: bytes | None = None
        self.asked = 0
        self.told: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []

    def published(self) -> bytes:
        order = [{"version": "2026-04-08", "config": {"webhook_url": self.hooks}}]
        return json.dumps(
            {
                "ucp": {"version": "2026-04-08", "capabilities": {"dev.ucp.shopping.order": order}},
                "signing_keys": [jwk(key) for key in self.keys],
            }
        ).encode()

    async def _profile(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if 300 <= self.profile_status < 400:
            return web.Response(status=self.profile_status, headers={"Location": str(request.url.with_path("/else"))})
        body = self.published() if self.profile is None else self.profile
        return web.Response(status=self.profile_status, body=body, headers=self.headers)

    async def _hook(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.told.append((headers, await request.read()))
        return web.json_response(
            {"ucp": {"version": "2026-04-08"}}, status=self.answers.pop(0) if self.answers else 200
        )

    async def _else(self, _: web.Request) -> web.StreamResponse:
        self.asked += 100
        return web.Response(body=self.published())


@asynccontextmanager
async def another() -> AsyncIterator[Other]:
    other = Other()
    app = web.Application()
    app.router.add_get("/profile", other._profile)
    app.router.add_get("/else", other._else)
    app.router.add_post("/hooks", other._hook)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = f"http://localhost:{runner.addresses[0][1]}"
    other.url, other.hooks = f"{base}/profile", f"{base}/hooks"
    try:
        yield other
    finally:
        await runner.cleanup()


def replaced(headers: dict[str, str], **changed: str) -> dict[str, str]:
    return {**headers, **{name.replace("_", "-"): value for name, value in changed.items()}}
