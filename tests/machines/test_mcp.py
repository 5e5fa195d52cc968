"""MCP as the official client speaks it, and as nobody should: tools, scopes, mandates, errors in words."""

import asyncio
import json
from typing import Any

import pytest
from mcp import Client

from kupec.app.tools import toolbox
from kupec.kit.ids import uuid7
from kupec.machines.mandates import Machine, MachineCaller
from kupec.machines.mcp.callers import Caller
from kupec.machines.mcp.offered import CHANGING, GUESTS, KEPT_BACK, offered
from tests.machines.agents import AgentsOwner, connected, said, told
from tests.machines.conftest import Shop
from tests.shop import NOON

MACHINE = MachineCaller(
    machine=Machine(
        id=uuid7(),
        party_id=uuid7(),
        name="Agent",
        kind="agent",
        profile=None,
        state="active",
        created_at=NOON,
        updated_at=NOON,
        revoked_at=None,
    ),
    scopes=["read"],
    key_id=uuid7(),
)


@pytest.fixture(scope="module")
def owner(shop: Shop) -> AgentsOwner:
    return AgentsOwner(shop, "mcp@example.com")


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **more}


async def names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


def test_every_tool_is_decided_about() -> None:
    tools = {tool.name: tool for tool in toolbox()}
    assert {name for name, tool in tools.items() if tool.changes} <= set(CHANGING) | set(KEPT_BACK)
    assert set(CHANGING) | set(KEPT_BACK) | GUESTS <= set(tools)
    assert not set(CHANGING) & set(KEPT_BACK)
    assert all(tools[name].changes for name in CHANGING)
    assert not any(tools[name].changes or tools[name].outside for name in GUESTS)
    # A buyer who connects a machine of an organisation does not see its invoices, nor does the machine.
    readers = [
        Caller(machine=MACHINE, scopes=frozenset({"read"}), language="en", at_home="en", of_organisation=organisation)
        for organisation in (False, True)
    ]
    people, organisation = [{tool.name for tool in offered(toolbox(), reader)} for reader in readers]
    assert people - organisation == {"list_invoices"}


async def test_the_official_client_reads_with_a_key(shop: Shop, owner: AgentsOwner) -> None:
    token = await owner.key("read")
    for mode in ("auto", "legacy"):
        async with connected(f"{shop.stack.web_url}/mcp", headers=bearer(token), mode=mode) as client:
            assert client.protocol_version == {"auto": "2026-07-28", "legacy": "2025-11-25"}[mode]
            listed = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert {"find_products", "list_orders", "my_mandates", "list_invoices"} <= set(listed)
            assert not {"buy", "add_to_cart", "cancel_order", "checkout_in_chat", "set_consent"} & set(listed)
            assert all(tool.annotations and tool.annotations.read_only_hint for tool in listed.values())
            assert all(tool.output_schema and tool.output_schema["type"] == "object" for tool in listed.values())
            # The client holds what is answered against the schema.
            found = told(await client.call_tool("find_products", {"query": "espresso"}))
            assert found["count"] >= 1
            assert found["products"][0]["currency"] == "CZK"  # the owner's language, their market
            assert told(await client.call_tool("list_orders", {}))["count"] == 0
            may = await client.call_tool("my_mandates", {})
            assert told(may) == {"may_buy": False, "mandates": [], "text": said(may)}
            wrong = await client.call_tool("find_products", {"query": "x", "limit": "many"})
            assert "limit" in said(wrong)
            none = await client.call_tool("order_status", {"number": "Z99999"})
            assert [wrong.is_error, none.is_error] == [True, True]
            assert none.meta == none.meta | {"kupec/code": "not_found"}


async def test_buying_goes_by_the_mandate_alone(shop: Shop, owner: AgentsOwner) -> None:
    sku, dear = [await asyncio.to_thread(shop.goods, price=price) for price in (30000, 90000)]
    token = await owner.key("read", "buy", budget=100_000, budget_period="total")
    url = f"{shop.stack.web_url}/mcp"
    async with connected(url, headers=bearer(token, **{"Accept-Language": "en"})) as client:
        offered = await names(client)
        assert {"buy", "add_to_cart", "cancel_order"} <= offered
        assert not offered & set(KEPT_BACK)
        wish = {"lines": [{"sku": sku, "quantity": 1}], "idempotency_key": "first-order"}
        first, again = await asyncio.gather(client.call_tool("buy", wish), client.call_tool("buy", wish))
        bought = told(first)
        assert (bought["state"], bought["total"], bought["currency"]) == ("placed", 36900, "CZK")
        assert told(again)["order_number"] == bought["order_number"]
        assert bought["order_number"] in said(first)
        assert told(await client.call_tool("my_purchase", {"idempotency_key": "first-order"})) == bought
        left = told(await client.call_tool("my_mandates", {}))
        assert (left["may_buy"], left["mandates"][0]["left"]) == (True, 63_100)
        over = await client.call_tool("buy", {"lines": [{"sku": dear}], "idempotency_key": "too-much"})
        assert (told(over)["state"], told(over)["reason"]) == ("refused", "over_budget")
        assert "631" in said(over)
        # What the owner has in hand is filled, and left for the owner to order.
        assert told(await client.call_tool("add_to_cart", {"sku": sku}))["pieces"] == 1
        assert told(await client.call_tool("list_orders", {}))["count"] == 1
        # A machine that rests reads and changes nothing; what it wants to buy is refused, and kept.
        await owner.pause(token)
        resting = await client.call_tool("add_to_cart", {"sku": sku})
        assert resting.meta == resting.meta | {"kupec/code": "machine_paused"}
        assert told(await client.call_tool("show_cart", {}))["pieces"] == 1
        refused = told(await client.call_tool("buy", {**wish, "idempotency_key": "while-resting"}))
        assert (refused["state"], refused["reason"]) == ("refused", "machine_paused")
    assert await shop.stack.fetchval("select count(*) from sales_order where customer_id = $1", owner.party_id) == 1
    # A key that only reads is told what it lacks, in the way that lets a client ask for more.
    reads = shop.http.post("/mcp", json=_call("buy", wish), headers=bearer(await owner.key("read")))
    assert reads.status_code == 403
    assert 'error="insufficient_scope"' in reads.headers["www-authenticate"]


async def test_guests_look_and_nothing_else(shop: Shop) -> None:
    async with connected(f"{shop.stack.web_url}/mcp/guest", headers={"Accept-Language": "pl"}) as client:
        assert await names(client) == GUESTS
        found = told(await client.call_tool("find_products", {"query": "espresso"}))
        assert found["products"][0]["currency"] == "PLN"
    hidden = shop.http.post("/mcp/guest", json=_call("order_status", {"number": "Z10001"}))
    assert hidden.json()["error"]["code"] == -32602


def _call(tool: str, arguments: Any = None, **more: Any) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params, **more}


async def test_what_is_no_mcp_is_refused_in_words(shop: Shop, owner: AgentsOwner) -> None:
    token = await owner.key("read")
    ours = bearer(token)

    def say(body: Any, **headers: str) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return shop.http.post("/mcp", content=content, headers={**ours, "Content-Type": "application/json", **headers})

    def code(body: Any, **headers: str) -> tuple[int, int]:
        answer = say(body, **headers)
        return answer.status_code, answer.json()["error"]["code"]

    ping: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert say(ping).json() == {"jsonrpc": "2.0", "id": 1, "result": {}}
    for broken in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"', b"nul"):
        assert code(broken) == (400, -32700), broken[:20]
    for wrong in ([], [ping], 7, "ping", {}, {**ping, "jsonrpc": "1.0"}, {**ping, "id": [1]}, {**ping, "id": None}):
        assert code(wrong) == (400, -32600), wrong
    for wrong in ({**ping, "method": 7}, {**ping, "params": [1]}, {**ping, "id": 1.5}, {**ping, "id": 2**70}):
        assert code(wrong) == (400, -32600), wrong
    for unknown in ("resources/list", "tools/run", "", "x" * 10_000):
        assert code({**ping, "method": unknown}) == (200, -32601)
    for tool in ("", "nothing", "\0", 7, None, "checkout_in_chat", "set_consent", ["buy"]):
        assert code(_call(tool)) == (200, -32602)  # type: ignore[arg-type]
    assert code(_call("find_products", "espresso")) == (200, -32602)
    assert code({**ping, "method": "tools/list", "params": {"cursor": "x"}}) == (200, -32602)
    # Versions: what is not ours is refused with ours; halves of the modern one do not pass for a whole.
    assert code(ping, **{"MCP-Protocol-Version": "2099-01-01"}) == (400, -32022)
    assert code(ping, **{"MCP-Protocol-Version": "2026-07-28"}) == (400, -32602)
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    whole = {**ping, "method": "tools/list", "params": {"_meta": meta}}
    assert code(whole) == (400, -32020)
    modern = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"}
    assert say(whole, **modern).json()["result"]["resultType"] == "complete"
    assert code({**whole, "method": "nope"}, **{**modern, "Mcp-Method": "nope"}) == (404, -32601)
    # Notifications and answers are taken and let be.
    for notice in ({"jsonrpc": "2.0", "method": "notifications/initialized"}, {"jsonrpc": "2.0", "id": 4, "result": 1}):
        assert (say(notice).status_code, say(notice).content) == (202, b"")
    # Arguments that no tool takes are told in words, never as a fault of ours.
    for arguments in ({"query": "a\0b"}, {"query": "x" * 50_000}, {"query": {"a": 1}}, {"limit": 10**30, "query": "x"}):
        answer = say(_call("find_products", arguments))
        assert answer.status_code == 200
        assert answer.json()["result"]["content"][0]["text"]
        assert answer.json()["result"].get("_meta", {}).get("kupec/code") != "internal"
    assert say(b" " * 300_000).status_code == 413
    assert say(b" " * 5_000_000).status_code == 413
    assert say(ping, **{"Content-Type": "text/plain"}).status_code == 415
    assert say(ping, Accept="text/html").status_code == 415
    for origin in (
        "https://evil.example",
        "null",
        "http://[",
        shop.stack.web_url.replace("127.0.0.1", "rebound.example"),
    ):
        host = {"Host": origin.partition("//")[2]} if "rebound" in origin else {}
        assert say(ping, Origin=origin, **host).status_code == 403
    assert say(ping, Origin=shop.stack.web_url).status_code == 200
    for method in ("GET", "DELETE", "PUT"):
        assert shop.http.request(method, "/mcp", headers=ours).status_code == 405


async def test_without_a_key_one_is_told_where_to_get_one(shop: Shop, owner: AgentsOwner) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    for headers in (
        {},
        {"Authorization": "Basic eDp5"},
        bearer("kupecm_" + "a" * 43),
        bearer("\xe9"),
        bearer("x" * 9000),
    ):
        answer = shop.http.post("/mcp", json=ping, headers=[(k, v.encode("latin-1")) for k, v in headers.items()])
        assert answer.status_code == 401
        challenge = answer.headers["www-authenticate"]
        assert f'resource_metadata="{shop.stack.web_url}/.well-known/oauth-protected-resource/mcp"' in challenge
        assert ('error="invalid_token"' in challenge) is bool(headers)
    # A key for telemetry alone opens no tools.
    told = shop.http.post("/mcp", json={**ping, "method": "tools/list"}, headers=bearer(await owner.key("telemetry")))
    assert told.json()["result"]["tools"] == []
