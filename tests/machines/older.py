"""Stands between a suite for version 2026-01-11 and a shop of 2026-04-08: the same words, in the older shape.

Only shapes are changed. Statuses, amounts, states, texts and codes go through as they are: a suite judges the shop.
"""

import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote, urlsplit

Json = Any
OLD, NEW = "2026-01-11", "2026-04-08"
_SPOKEN = ("checkout", "fulfillment", "discount", "buyer_consent", "order")
_DROPPED = {"connection", "content-length", "transfer-encoding", "host", "accept-encoding", "date", "server"}


@contextmanager
def older(shop: str, port: int = 0) -> Iterator[str]:
    """The address at which `shop` is met in the older shape."""
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (_Between,), {"shop": shop}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def old_profile(new: Json, here: str) -> Json:
    """Lists where there are maps now, one `rest` in the service, handlers beside `ucp`. The version stays true."""
    ucp = new["ucp"]
    services = {
        name: {
            "version": found["version"],
            "spec": found["spec"],
            "rest": {"schema": found["schema"], "endpoint": f"{here}{urlsplit(found['endpoint']).path}"},
        }
        for name, [found] in ucp["services"].items()
    }
    told = {"version": ucp["version"], "services": services, "capabilities": _listed(ucp["capabilities"])}
    return {
        "ucp": told,
        "payment": {"handlers": _handlers(ucp["payment_handlers"])},
        "signing_keys": new["signing_keys"],
    }


def new_platform(old: Json, here: str) -> Json:
    """A platform's profile, with the capabilities that the suite uses without naming them; webhooks come by here."""
    capabilities: Json = {f"dev.ucp.shopping.{name}": [{"version": NEW}] for name in _SPOKEN}
    for found in old["ucp"]["capabilities"]:
        config = dict(found.get("config") or {})
        if "webhook_url" in config:
            config["webhook_url"] = f"{here}/-/webhook/{quote(config['webhook_url'], safe='')}"
        capabilities[found["name"]] = [{"version": NEW, "config": config}]
    return {"ucp": {"version": NEW, "capabilities": capabilities}}


def new_request(old: Json) -> Json:
    """What pays is one of `payment.instruments` now; it was `payment_data`."""
    if not isinstance(old, dict) or "payment_data" not in old:
        return old
    rest = {name: value for name, value in old.items() if name != "payment_data"}
    return {**rest, "payment": {"instruments": [{**old["payment_data"], "selected": True}]}}


def old_answer(new: Json) -> Json:
    """A session, an order or an error. A discount is below zero now, and was above; an empty list was left out."""
    if not isinstance(new, dict) or not isinstance(new.get("ucp"), dict):
        return new
    ucp = dict(new["ucp"])
    handlers = _handlers(ucp.pop("payment_handlers", {}))
    ucp["capabilities"] = _listed(ucp.get("capabilities", {}))
    told = {**_positive(new), "ucp": ucp}
    for method in (told.get("fulfillment") or {}).get("methods", []):
        if method.get("destinations") == []:
            del method["destinations"]
    if "line_items" in told and "checkout_id" not in told:
        told["payment"] = {"instruments": [], **(told.get("payment") or {}), "handlers": handlers}
    return told


def old_news(new: Json) -> Json:
    """The order is the whole webhook now; it was wrapped in what had happened, which the order itself still says."""
    events = (new.get("fulfillment") or {}).get("events") or []
    shipped = any(event["type"] == "shipped" for event in events)
    happened = "order_shipped" if shipped else "order_placed"
    return {"event_type": happened, "checkout_id": new["checkout_id"], "order": old_answer(new)}


def _positive(part: Json) -> Json:
    if isinstance(part, list):
        return [_positive(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    told = {name: _positive(value) for name, value in part.items()}
    if told.get("type") in ("discount", "items_discount") and isinstance(told.get("amount"), int):
        told["amount"] = abs(told["amount"])
    return told


def _listed(capabilities: Json) -> list[Json]:
    found = []
    for name, [entry, *_] in capabilities.items():
        extends = entry.get("extends")
        single = extends[0] if isinstance(extends, list) else extends
        found.append({"name": name, **entry, **({"extends": single} if single else {})})
    return found


def _handlers(handlers: Json) -> list[Json]:
    page = "https://example.com/handler"
    lacking = {"spec": page, "config_schema": page, "instrument_schemas": [page], "config": {}}
    return [{**lacking, "name": name, **entry} for name, entries in handlers.items() for entry in entries]


class _Between(BaseHTTPRequestHandler):
    shop = ""

    def do_GET(self) -> None:
        here = f"http://{self.headers['Host']}"
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/-/platform/"):
            document = _ask(unquote(self.path.removeprefix("/-/platform/")), "GET", b"", {})[2]
            return self._answer(200, {}, json.dumps(new_platform(json.loads(document), here)).encode())
        headers = {name.lower(): value for name, value in self.headers.items() if name.lower() not in _DROPPED}
        if self.path.startswith("/-/webhook/"):
            news = json.dumps(old_news(json.loads(body))).encode()
            to = unquote(self.path.removeprefix("/-/webhook/"))
            return self._answer(*_ask(to, "POST", news, {"content-type": "application/json"}))
        if "ucp-agent" in headers:
            headers["ucp-agent"] = re.sub(
                r'profile="(http[^"]+)"',
                lambda found: f'profile="{here}/-/platform/{quote(found[1], safe="")}"',
                headers["ucp-agent"],
            )
        if body and "json" in headers.get("content-type", ""):
            body = json.dumps(new_request(json.loads(body))).encode()
        path = f"/ucp/v1{self.path}" if self.path.startswith("/orders/") else self.path
        status, told, answer = _ask(f"{self.shop}{path}", self.command, body, headers)
        if answer and "json" in told.get("content-type", ""):
            new = json.loads(answer)
            shown = old_profile(new, here) if self.path == "/.well-known/ucp" else old_answer(new)
            answer = json.dumps(shown).encode()
        return self._answer(status, told, answer)

    def do_POST(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            if name not in _DROPPED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _ask(url: str, method: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        connection.request(method, address.path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()
