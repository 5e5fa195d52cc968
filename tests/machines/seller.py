"""Another seller over real HTTP, honest or not: what it does wrong is told it by a test."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Json = dict[str, Any]


class Seller:
    """Sells whatever it is asked for at `price` a piece. `wrong` names how it misbehaves, for as long as it is set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.url = ""
        self.host = ""
        self.price = 20_000
        self.fee = 5_000
        self.arrives = "2026-03-12T18:00:00+01:00"
        self.wrong = ""
        self.sessions: dict[str, Json] = {}
        self.by_key: dict[str, str] = {}
        self.completions: list[str] = []
        self.cancelled: list[str] = []
        self.order: Json = {}
        self.signed: list[bool] = []

    # --- what it answers

    def _checkout(self, number: str) -> Json:
        held = self.sessions[number]
        lines = [
            {
                "id": f"line-{index}",
                "item": {"id": line["item"]["id"], "title": "Beans", "price": self.price},
                "quantity": line["quantity"],
                "totals": _totals(subtotal=self.price * line["quantity"], total=self.price * line["quantity"]),
            }
            for index, line in enumerate(held["line_items"])
        ]
        subtotal = sum(self.price * line["quantity"] for line in held["line_items"])
        total = subtotal + self.fee
        if self.wrong == "totals":
            total -= 10_000
        if self.wrong == "goods":
            lines[0]["item"]["id"] = "SOMETHING-ELSE"
        option = {
            "id": "post",
            "title": "Post",
            "latest_fulfillment_time": self.arrives,
            "totals": _totals(total=self.fee),
        }
        group = {"id": "g", "options": [option], "selected_option_id": "post"}
        found = {
            "ucp": {"version": "2026-04-08"},
            "id": number,
            "status": held["status"],
            "currency": "EUR" if self.wrong == "currency" else "CZK",
            "line_items": lines,
            "totals": _totals(subtotal=subtotal, fulfillment=self.fee, total=total),
            "fulfillment": {"methods": [{"type": "shipping", "groups": [group]}]},
        }
        if held["status"] == "completed":
            found["order"] = {"id": f"order {number}", "permalink_url": f"{self.url}/o/{number}"}
        return found

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.signed.append("signature" in request.headers)
        if self.wrong == "down":
            return web.Response(status=503)
        if self.wrong == "endless":
            endless = web.StreamResponse()
            await endless.prepare(request)
            while True:
                await endless.write(b" " * 65_536)
        if self.wrong == "garbage":
            return web.Response(body=b'{"id": "\\u0000", "products": [' + b"[" * 5000)
        if self.wrong == "silent":
            await asyncio.sleep(30)
        path, told = request.match_info["path"], json.loads(await request.read() or b"{}")
        if path == "catalog/lookup":
            variants = [{"id": f"their {name}", "title": "Beans", "inputs": [{"id": name}]} for name in told["ids"]]
            return web.json_response({"products": [{"title": "Beans", "variants": variants}]})
        if path.startswith("orders/"):
            return web.json_response(self.order)
        return web.json_response(await self._session(request, path.split("/")[1:], told))

    async def _session(self, request: web.Request, path: list[str], told: Json) -> Json:
        if not path:
            number = f"{self.name}-{len(self.sessions)}"
            self.sessions[number] = {"line_items": told["line_items"], "status": "ready_for_complete"}
            return self._checkout(number)
        number = path[0]
        if number not in self.sessions:
            return {"ucp": {"status": "error"}, "messages": [{"type": "error", "code": "not_found"}]}
        if path[1:] == ["cancel"]:
            self.cancelled.append(number)
            self.sessions[number]["status"] = "canceled"
        if path[1:] == ["complete"]:
            return self._complete(number, request.headers["idempotency-key"], told)
        return self._checkout(number)

    def _complete(self, number: str, key: str, told: Json) -> Json:
        self.completions.append(key)
        if told["payment"]["instruments"][0]["credential"]["token"] != "our token":
            return {**self._checkout(number), "messages": [{"type": "error", "code": "payment_failed"}]}
        if self.wrong == "dies before":
            self.wrong = ""
            raise web.HTTPInternalServerError
        if self.wrong == "dearer at the end":
            self.price += 1_000
        self.by_key.setdefault(key, number)
        self.sessions[number]["status"] = "completed"
        if self.wrong == "dies once":
            self.wrong = ""
            raise web.HTTPInternalServerError
        return self._checkout(number)

    async def profile(self, _: web.Request) -> web.StreamResponse:
        endpoint = "https://evil.example/ucp" if self.wrong == "elsewhere" else f"{self.url}/api"
        rest = [{"version": "2026-04-08", "transport": "rest", "endpoint": endpoint}]
        return web.json_response({"ucp": {"version": "2026-04-08", "services": {"dev.ucp.shopping": rest}}})

    def stands(self, *, fulfilled: int, total: int, refunded: int = 0, delivered: bool = False) -> None:
        """How its order is told to stand."""
        refund = {"type": "refund", "status": "completed", "totals": _totals(total=-refunded)}
        self.order = {
            "id": "order",
            "currency": "CZK",
            "line_items": [{"quantity": {"original": 2, "total": total, "fulfilled": fulfilled}}],
            "totals": _totals(total=45_000),
            "fulfillment": {"events": [{"type": "delivered"}] if delivered else []},
            "adjustments": [refund] if refunded else [],
        }


def _totals(**amounts: int) -> list[Json]:
    return [{"type": name, "amount": amount} for name, amount in amounts.items()]


@asynccontextmanager
async def selling(name: str) -> AsyncIterator[Seller]:
    seller = Seller(name)
    app = web.Application()
    app.router.add_get("/.well-known/ucp", seller.profile)
    app.router.add_route("*", "/api/{path:.*}", seller.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    seller.host = f"localhost:{runner.addresses[0][1]}"
    seller.url = f"http://{seller.host}"
    try:
        yield seller
    finally:
        await runner.cleanup()
