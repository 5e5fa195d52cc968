"""A Stripe that speaks its wire format over real HTTP: forms in, JSON out, idempotency keys, signed webhooks.

Written after Stripe's public API reference (version 2024-06-20). Payment methods with a fate of their own:

pm_card_visa                   approved
pm_card_declined               402 card_declined, decline_code insufficient_funds
pm_card_3ds                    requires_action
pm_card_drop_always            approved, every answer about it is dropped
pm_card_drop_once              approved, the first answer is dropped
pm_card_lost                   not even recorded, no answer
pm_card_slow                   approved, answered after 2 s
pm_card_capture_fails          approved; the authorisation has expired when it is captured
pm_card_refund_fails           approved; refunds fail
"""

import asyncio
import itertools
import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from kupec.billing.stripe.signature import sign

KEY = "sk_test_fake"
WEBHOOK_SECRET = "whsec_fake"
METHODS = {
    "pm_card_visa",
    "pm_card_declined",
    "pm_card_3ds",
    "pm_card_drop_always",
    "pm_card_drop_once",
    "pm_card_lost",
    "pm_card_slow",
    "pm_card_capture_fails",
    "pm_card_refund_fails",
}
Form = dict[str, str]
Answer = tuple[int, dict[str, Any]]


def error(status: int, kind: str, code: str | None = None, **more: Any) -> Answer:
    return status, {"error": {"type": kind, "code": code, "message": f"{kind} {code}", **more}}


@dataclass
class FakeStripe:
    """Starts on a free port, or again on the one it had. `drop_rate` and `lose_rate` are of all POSTs."""

    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    kept: dict[str, tuple[str, Answer]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    drop_rate: float = 0.0
    lose_rate: float = 0.0
    port: int = 0
    calls: int = 0
    luck: random.Random = field(default_factory=lambda: random.Random(7))
    dropped: set[str] = field(default_factory=set)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/checkout/sessions", self._posting(self._new_session))
        app.router.add_post("/v1/checkout/sessions/{id}/expire", self._posting(self._expire))
        app.router.add_get("/v1/checkout/sessions", self._list_sessions)
        app.router.add_get("/v1/checkout/sessions/{id}", self._get_session)
        app.router.add_post("/v1/payment_intents", self._posting(self._new_intent))
        app.router.add_post("/v1/payment_intents/{id}/capture", self._posting(self._capture))
        app.router.add_post("/v1/payment_intents/{id}/cancel", self._posting(self._cancel))
        app.router.add_get("/v1/payment_intents", self._list_intents)
        app.router.add_get("/v1/payment_intents/{id}", self._get_intent)
        app.router.add_post("/v1/refunds", self._posting(self._refund))
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def decide(self, action_url: str, decision: str) -> None:
        """What the customer does on their bank's page."""
        intent = self.intents[action_url.rpartition("/")[2]]
        if decision == "confirm":
            self._authorised(intent)
        else:
            self._fail(intent, {"type": "card_error", "code": "payment_intent_authentication_failure"})

    def type_card(self, session_url: str, method: str = "pm_card_visa") -> None:
        """What the customer does on Stripe's page."""
        session = self.sessions[session_url.rpartition("/")[2]]
        assert session["status"] == "open"
        if session["mode"] == "setup":
            session["status"], session["customer"] = "complete", session["customer"] or "cus_1"
            card = {"brand": "visa", "last4": "4242"}
            session["setup_intent"] = {
                "id": "seti_1",
                "status": "succeeded",
                "payment_method": {"id": method, "card": card},
            }
            return
        intent = session["_intent"]
        intent["_method"] = method
        if method == "pm_card_declined":
            self._fail(intent, {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds"})
            return
        session["status"], session["payment_intent"] = "complete", intent["id"]
        self.intents[intent["id"]] = intent
        self._authorised(intent)
        self._tell("checkout.session.completed", self._shown_session(session, set()))

    def expire_all(self) -> None:
        for session in self.sessions.values():
            if session["status"] == "open":
                session["status"], session["url"] = "expired", None
                self._tell("checkout.session.expired", self._shown_session(session, set()))

    def webhook(self, event: dict[str, Any]) -> tuple[dict[str, str], bytes]:
        body = json.dumps(event).encode()
        return {"Stripe-Signature": sign(WEBHOOK_SECRET, int(time.time()), body)}, body

    def of(self, payment_id: Any) -> list[dict[str, Any]]:
        """All that was made for a payment."""
        return [each for each in self.intents.values() if each["metadata"].get("payment_id") == str(payment_id)]

    def _posting(
        self, act: Callable[[web.Request, Form], Answer]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.calls += 1
            if request.headers.get("Authorization") != f"Bearer {KEY}":
                return web.json_response(error(401, "invalid_request_error")[1], status=401)
            assert request.content_type == "application/x-www-form-urlencoded" or not await request.read()
            posted = {name: str(value) for name, value in (await request.post()).items()}
            method = posted.get("payment_method", "")
            if method == "pm_card_lost" or self.luck.random() < self.lose_rate:
                return _hang_up(request)
            key = request.headers.get("Idempotency-Key", "")
            said = json.dumps([request.path, posted], sort_keys=True)
            if key in self.kept:
                before, answer = self.kept[key]
                if before != said:
                    answer = error(400, "idempotency_error")
            else:
                answer = act(request, posted)
                if key:
                    self.kept[key] = said, answer
            if self._drops(method, key):
                return _hang_up(request)
            if method == "pm_card_slow":
                await asyncio.sleep(2)
            return web.json_response(answer[1], status=answer[0])

        return handle

    def _drops(self, method: str, key: str) -> bool:
        first = key not in self.dropped
        self.dropped.add(key)
        return (
            method == "pm_card_drop_always"
            or (method == "pm_card_drop_once" and first)
            or self.luck.random() < self.drop_rate
        )

    def _new_session(self, request: web.Request, posted: Form) -> Answer:
        number = next(self._numbers)
        session = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "created": int(time.time()),
            "mode": posted["mode"],
            "status": "open",
            "url": f"https://checkout.stripe.example/cs_test_{number}",
            "client_reference_id": posted.get("client_reference_id"),
            "customer": posted.get("customer"),
            "payment_intent": None,
            "setup_intent": None,
        }
        if posted["mode"] == "payment":
            assert posted["line_items[0][quantity]"] == "1"
            price = "line_items[0][price_data]"
            session["_intent"] = self._intent(
                int(posted[f"{price}[unit_amount]"]),
                posted[f"{price}[currency]"],
                _nested(posted, "payment_intent_data[metadata]"),
                posted["payment_intent_data[capture_method]"],
            )
        self.sessions[str(session["id"])] = session
        return 200, self._shown_session(session, set())

    def _expire(self, request: web.Request, posted: Form) -> Answer:
        session = self.sessions[request.match_info["id"]]
        if session["status"] != "open":
            return error(400, "invalid_request_error")
        session["status"], session["url"] = "expired", None
        self._tell("checkout.session.expired", self._shown_session(session, set()))
        return 200, self._shown_session(session, set())

    def _new_intent(self, request: web.Request, posted: Form) -> Answer:
        method = posted["payment_method"]
        if method not in METHODS:
            return error(400, "invalid_request_error", "resource_missing", param="payment_method")
        intent = self._intent(
            int(posted["amount"]), posted["currency"], _nested(posted, "metadata"), posted["capture_method"]
        )
        intent["_method"] = method
        self.intents[intent["id"]] = intent
        assert posted["confirm"] == "true"
        if method == "pm_card_declined":
            problem = {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds"}
            self._fail(intent, problem)
            return error(
                402, "card_error", "card_declined", decline_code="insufficient_funds", payment_intent=_shown(intent)
            )
        if method == "pm_card_3ds":
            if posted.get("off_session") == "true":
                self._fail(intent, {"type": "card_error", "code": "authentication_required"})
                return error(402, "card_error", "authentication_required", payment_intent=_shown(intent))
            intent["status"] = "requires_action"
            bank = {"url": f"https://bank.example/{intent['id']}", "return_url": posted["return_url"]}
            intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": bank}
            self._tell("payment_intent.requires_action", _shown(intent))
        else:
            self._authorised(intent)
        return 200, _shown(intent, expand="expand[0]" in posted)

    def _capture(self, request: web.Request, posted: Form) -> Answer:
        intent = self.intents.get(request.match_info["id"])
        if intent is None:
            return error(404, "invalid_request_error", "resource_missing")
        if intent["_method"] == "pm_card_capture_fails" and intent["status"] == "requires_capture":
            self._become(intent, "canceled")
            return error(400, "invalid_request_error", "charge_expired_for_capture", payment_intent=_shown(intent))
        if intent["status"] != "requires_capture":
            return error(400, "invalid_request_error", "payment_intent_unexpected_state", payment_intent=_shown(intent))
        intent["amount_received"] = intent["amount"]
        self._become(intent, "succeeded")
        return 200, _shown(intent, expand=True)

    def _cancel(self, request: web.Request, posted: Form) -> Answer:
        intent = self.intents.get(request.match_info["id"])
        if intent is None:
            return error(404, "invalid_request_error", "resource_missing")
        if intent["status"] in ("succeeded", "canceled"):
            return error(400, "invalid_request_error", "payment_intent_unexpected_state", payment_intent=_shown(intent))
        self._become(intent, "canceled")
        return 200, _shown(intent, expand=True)

    def _refund(self, request: web.Request, posted: Form) -> Answer:
        intent, amount = self.intents[posted["payment_intent"]], int(posted["amount"])
        given = sum(each["amount"] for each in self.refunds.values() if each["payment_intent"] == intent["id"])
        if amount + given > intent["amount_received"]:
            return error(400, "invalid_request_error", param="amount")
        refund = {"id": f"re_{next(self._numbers)}", "amount": amount, "payment_intent": intent["id"]}
        if intent["_method"] == "pm_card_refund_fails":
            return 200, {**refund, "status": "failed", "failure_reason": "expired_or_canceled_card"}
        self.refunds[str(refund["id"])] = refund
        return 200, {**refund, "status": "succeeded"}

    async def _get_session(self, request: web.Request) -> web.Response:
        session = self.sessions.get(request.match_info["id"])
        if session is None:
            return web.json_response(error(404, "invalid_request_error", "resource_missing")[1], status=404)
        return web.json_response(self._shown_session(session, set(request.query.values())))

    async def _get_intent(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response(error(401, "invalid_request_error")[1], status=401)
        intent = self.intents.get(request.match_info["id"])
        if intent is None:
            return web.json_response(error(404, "invalid_request_error", "resource_missing")[1], status=404)
        return web.json_response(_shown(intent, expand=bool(request.query)))

    async def _list_sessions(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response(error(401, "invalid_request_error")[1], status=401)
        page, more = _page(list(self.sessions.values()), request)
        return web.json_response({"data": [self._shown_session(each, set()) for each in page], "has_more": more})

    async def _list_intents(self, request: web.Request) -> web.Response:
        page, more = _page(list(self.intents.values()), request)
        return web.json_response({"data": [_shown(each) for each in page], "has_more": more})

    def _intent(self, amount: int, currency: str, metadata: Form, capture_method: str) -> dict[str, Any]:
        assert capture_method == "manual"
        assert currency.islower()
        return {
            "id": f"pi_{next(self._numbers)}",
            "object": "payment_intent",
            "created": int(time.time()),
            "status": "requires_payment_method",
            "amount": amount,
            "amount_received": 0,
            "currency": currency,
            "metadata": metadata,
            "next_action": None,
            "last_payment_error": None,
            "latest_charge": None,
            "_method": None,
        }

    def _authorised(self, intent: dict[str, Any]) -> None:
        intent["latest_charge"] = f"ch_{intent['id']}"
        intent["next_action"] = None
        intent["status"] = "requires_capture"
        self._tell("payment_intent.amount_capturable_updated", _shown(intent))

    def _fail(self, intent: dict[str, Any], problem: dict[str, Any]) -> None:
        intent["status"], intent["last_payment_error"], intent["next_action"] = "requires_payment_method", problem, None
        self._tell("payment_intent.payment_failed", _shown(intent))

    def _become(self, intent: dict[str, Any], status: str) -> None:
        intent["status"] = status
        self._tell(f"payment_intent.{status}", _shown(intent))

    def _tell(self, kind: str, thing: dict[str, Any]) -> None:
        copied = json.loads(json.dumps(thing))
        self.events.append({"id": f"evt_{next(self._numbers)}", "type": kind, "data": {"object": copied}})

    def _shown_session(self, session: dict[str, Any], expand: set[str]) -> dict[str, Any]:
        shown = {name: value for name, value in session.items() if not name.startswith("_")}
        if "payment_intent.latest_charge" in expand and shown["payment_intent"]:
            shown["payment_intent"] = _shown(self.intents[str(shown["payment_intent"])], expand=True)
        if shown["setup_intent"] and "setup_intent.payment_method" not in expand:
            shown["setup_intent"] = shown["setup_intent"]["id"]
        return shown


def _shown(intent: dict[str, Any], *, expand: bool = False) -> dict[str, Any]:
    shown = {name: value for name, value in intent.items() if not name.startswith("_")}
    if expand and shown["latest_charge"]:
        card = {"brand": "visa", "last4": "4242"}
        shown["latest_charge"] = {"id": shown["latest_charge"], "payment_method_details": {"card": card}}
    return shown


def _nested(posted: Form, name: str) -> Form:
    return {key[len(name) + 1 : -1]: value for key, value in posted.items() if key.startswith(f"{name}[")}


def _page(all_of_them: list[dict[str, Any]], request: web.Request) -> tuple[list[dict[str, Any]], bool]:
    """The latest first, as Stripe does."""
    assert int(request.query["created[gte]"]) < int(request.query["created[lte]"])
    found = all_of_them[::-1]
    after = request.query.get("starting_after")
    if after:
        found = found[next(index for index, each in enumerate(found) if each["id"] == after) + 1 :]
    limit = min(int(request.query["limit"]), 100)
    return found[:limit], len(found) > limit


def _hang_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
