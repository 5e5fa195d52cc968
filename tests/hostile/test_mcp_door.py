"""MCP and OAuth against what nobody meant: made-up JSON-RPC, arguments of every tool, forms of every grant."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.machines.mandates import NewMachine, NewMandate, create_key, grant_mandate, register_machine
from kupec.machines.mcp.wire import META
from tests.hostile.conftest import World
from tests.hostile.visitor import HOSTILE
from tests.stack import NONE_KEPT

FORM = "application/x-www-form-urlencoded"
OAUTH = "/.well-known/oauth-authorization-server"
hard = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Agent:
    """A key that reads and buys, and what its tools are called."""

    def __init__(self, world: World) -> None:
        self.http = httpx.Client(base_url=world.stack.web_url, trust_env=False, limits=NONE_KEPT)
        self.token = world.do(_key)
        listed = self.send("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).json()["result"]["tools"]
        self.tools: dict[str, list[str]] = {tool["name"]: sorted(tool["inputSchema"]["properties"]) for tool in listed}
        self.known = [*world.things["bought"], *world.things["variant_id"], "SKU-0-S<kupecxss>"]
        client = self.http.post("/oauth/register", json={"redirect_uris": ["https://agent.example/back"]})
        self.client_id: str = client.json()["client_id"]

    def send(self, path: str, body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers}
        return self.http.post(path, content=content, headers=headers)


async def _key(db: Connection) -> str:
    setup, now = system("setup"), datetime.now(UTC)
    party_id: UUID = await db.fetchval("select id from party order by id limit 1")
    machine = await register_machine(db, party_id, NewMachine(name="Agent"), actor=setup, now=now)
    await grant_mandate(db, machine.id, NewMandate(market="cz", zone="Europe/Prague"), actor=setup, now=now)
    return (await create_key(db, machine.id, scopes=["read", "buy"], actor=setup, now=now)).token


@pytest.fixture(scope="package")
def agent(world: World) -> Iterator[Agent]:
    made = Agent(world)
    yield made
    made.http.close()


WORDS = [
    "",
    " ",
    "\0",
    HOSTILE,
    "\u202e",
    "🦊" * 300,
    "%s{0}",
    "-1",
    "1e999",
    "2026-02-30",
    "a" * 3000,
    str(UUID(int=0)),
]
words = st.one_of(st.sampled_from(WORDS), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
numbers = st.sampled_from([0, -1, 1, 1.5, 10**18, 2**63, 10**40, -(10**40), 1e308])
scalars = st.one_of(st.none(), st.booleans(), numbers, words)
values: Any = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)
metas = st.fixed_dictionaries(
    {},
    optional={
        f"{META}protocolVersion": st.one_of(st.just("2026-07-28"), values),
        f"{META}clientCapabilities": st.one_of(st.just({}), values),
    },
)
METHODS = ["initialize", "ping", "tools/list", "tools/call", "server/discover", "notifications/initialized"]
methods = st.one_of(st.sampled_from(METHODS), values)
parameters = st.one_of(
    values,
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("name", "arguments", "cursor", "protocolVersion"), values)
        | {"_meta": st.one_of(metas, values)},
    ),
)
messages = st.one_of(
    values,
    st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0"), "id": st.integers(0, 9), "method": methods, "params": parameters}
    ),
    st.fixed_dictionaries(
        {}, optional={"jsonrpc": values, "id": values, "method": methods, "params": parameters, "result": values}
    ),
)
bodies = st.one_of(
    messages.map(lambda told: json.dumps(told).encode()),
    messages.map(lambda told: json.dumps(told).encode()),
    st.binary(max_size=30),
    st.sampled_from([b"", b"[" * 20_000, b'{"id": 1e999}', b'"\\ud800"', b"{" + b'"a":{' * 3000]),
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "MCP-Protocol-Version": st.sampled_from(["2025-06-18", "2025-11-25", "2026-07-28", "2025-03-26", "x", ""]),
        "Mcp-Method": st.sampled_from(METHODS),
        "Mcp-Name": st.sampled_from(["buy", "x"]),
        "Content-Type": st.sampled_from(["application/json", "application/json; charset=x", "text/plain", "", ";"]),
        "Accept": st.sampled_from(["", "text/html", "*/*", "application/json, text/event-stream"]),
        "Origin": st.sampled_from(["null", "https://[", "https://evil.example"]),
    },
)


@pytest.mark.parametrize("path", ["/mcp", "/mcp/guest"])
@hard
@given(body=bodies, more=headers)
def test_whatever_is_said_is_answered_as_json_rpc(agent: Agent, path: str, body: bytes, more: dict[str, str]) -> None:
    answer = agent.send(path, body, **more)
    assert answer.status_code < 500, answer.text
    if answer.status_code == 202:
        assert answer.content == b""
        return
    told = answer.json()
    assert told["jsonrpc"] == "2.0"
    assert ("result" in told) != ("error" in told)
    assert "error" not in told or told["error"]["code"] != -32603


@hard
@given(data=st.data())
def test_no_argument_is_a_fault_of_ours(agent: Agent, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(agent.tools)))
    filled = st.one_of(values, st.sampled_from(agent.known), st.integers(0, 5))
    given_ = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(agent.tools[name], filled)))
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": given_}}
    answer = agent.send("/mcp", call)
    assert answer.status_code == 200, answer.text
    result = answer.json()["result"]
    assert result.get("_meta", {}).get("kupec/code") != "internal", answer.text
    assert result["isError"] or "structuredContent" in result


NAMES = [
    "grant_type",
    "code",
    "client_id",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "resource",
    "token",
]
GOOD = {
    "grant_type": ["authorization_code", "refresh_token"],
    "redirect_uri": ["https://agent.example/back"],
    "code_verifier": ["a" * 43, "é" * 43],
    "scope": ["read", "read buy", "read read"],
}


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/register"])
@hard
@given(data=st.data())
def test_oauth_answers_in_its_own_words(agent: Agent, path: str, data: st.DataObject) -> None:
    known = {**GOOD, "client_id": [agent.client_id], "code": [uuid4().hex]}
    names = data.draw(st.lists(st.sampled_from(NAMES), max_size=9, unique=True))
    pairs = [
        (name, data.draw(st.one_of(st.sampled_from(known[name]), words) if name in known else words)) for name in names
    ]
    form = "&".join(f"{name}={quote_plus(text)}" for name, text in pairs).encode()
    registration = st.fixed_dictionaries(
        {"redirect_uris": st.one_of(values, st.lists(st.sampled_from(["https://a.example/b", "http://[", "x.y:/"])))},
        optional=dict.fromkeys(("client_name", "client_uri", "grant_types", "response_types"), values),
    ).map(lambda told: json.dumps(told).encode())
    usual = registration if path.endswith("register") else st.just(form)
    body = data.draw(st.one_of(usual, usual, usual, st.binary(max_size=40), st.just(b"a=%00&b=%ff%fe&c=%ed%a0%80")))
    kind = data.draw(st.sampled_from([FORM, FORM, FORM, "application/json", "", "multipart/form-data"]))
    answer = agent.http.post(path, content=body, headers={"Content-Type": kind})
    assert answer.status_code in (200, 201, 400, 401, 422), answer.text
    if answer.status_code >= 400:
        assert answer.json()["error"] in {
            "invalid_request",
            "invalid_client",
            "invalid_client_metadata",
            "invalid_grant",
            "invalid_redirect_uri",
            "invalid_scope",
            "invalid_target",
            "unsupported_grant_type",
        }


def test_the_documents_of_both_doors_can_be_had(agent: Agent) -> None:
    for path in ("/devices/v1/openapi.json", "/market/v1/openapi.json"):
        assert agent.http.get(path).json()["openapi"] == "3.1.0"
    assert agent.http.get(OAUTH).json()["issuer"]
