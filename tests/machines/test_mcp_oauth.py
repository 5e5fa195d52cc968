"""An agent is connected by its owner: through the official client, on the page, not by whoever repeats or forges."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from kupec.kit.signing import sign
from kupec.machines.mcp.clients import allowed_redirect, check_redirect
from kupec.machines.mcp.errors import InvalidRedirect
from tests.machines.agents import AgentsOwner, connected, told
from tests.machines.conftest import Shop
from tests.web.browsing import Browser, text_of

BACK = "http://127.0.0.1:7777/callback"


@pytest.fixture(scope="module")
def owner(shop: Shop) -> AgentsOwner:
    return AgentsOwner(shop, "oauth@example.com", card="tok_mastercard")


@pytest.fixture
async def browser(owner: AgentsOwner) -> AsyncIterator[Browser]:
    found = await owner.browser()
    yield found
    await found.client.aclose()


class Memory:
    """Where the official client keeps what it got."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


async def arrived(browser: Browser, address: str) -> httpx.Response:
    """The consent page, in the language of the account."""
    return await browser.follow(await browser.follow(await browser.get(address)))


def answered(response: httpx.Response) -> dict[str, str]:
    """What the application reads at its own address."""
    assert response.status_code == 303, response.text
    assert response.headers["location"].startswith(BACK)
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


async def test_the_official_client_signs_in_and_buys(shop: Shop, owner: AgentsOwner, browser: Browser) -> None:
    sku = await asyncio.to_thread(shop.goods, price=30000)
    result: dict[str, str] = {}

    async def shown(address: str) -> None:
        page = await arrived(browser, address)
        said = text_of(page.text)
        assert page.status_code == 200
        assert "Coffee helper" in said
        assert "127.0.0.1" in said
        # A browser lets the form lead to the application and nowhere else.
        assert "form-action 'self' http://127.0.0.1:7777;" in page.headers["content-security-policy"]
        # Without an amount there is no mandate; what was written stays.
        refused = await browser.submit("/cs/my/connect", "decision=connect", access="buy", approval_above="200")
        assert refused.status_code == 422
        assert 'value="200"' in refused.text
        agreed = await browser.submit(
            "/cs/my/connect", "decision=connect", access="buy", budget="1000", approval_above="500"
        )
        result.update(answered(agreed))

    async def came_back() -> AuthorizationCodeResult:
        return AuthorizationCodeResult(**result)

    memory = Memory()
    auth = OAuthClientProvider(
        f"{shop.stack.web_url}/mcp",
        OAuthClientMetadata(client_name="Coffee helper", redirect_uris=[AnyUrl(BACK)]),
        memory,
        shown,
        came_back,
    )
    url = f"{shop.stack.web_url}/mcp"
    async with connected(url, auth=auth) as client:
        bought = told(await client.call_tool("buy", {"lines": [{"sku": sku}], "idempotency_key": "by-oauth-1"}))
        assert (bought["state"], bought["total"]) == ("placed", 36900)
        asked = told(
            await client.call_tool("buy", {"lines": [{"sku": sku, "quantity": 2}], "idempotency_key": "by-oauth-2"})
        )
        assert (asked["state"], asked["reason"]) == ("refused", "over_budget")
    assert memory.tokens is not None
    assert memory.tokens.scope == "read buy"
    assert memory.tokens.access_token.startswith("kupecm_")
    # It is a machine of the account, with a mandate of what was written, and all of it stands on the timeline.
    async with shop.stack.reading() as db:
        row = await db.fetchrow(
            "select m.name, m.kind, t.budget, t.approval_above, t.currency, t.payment from machine m "
            "join mandate t on t.machine_id = m.id where m.party_id = $1",
            owner.party_id,
        )
        events = await db.fetch("select name from event where customer_id = $1", owner.party_id)
    assert tuple(row or ()) == ("Coffee helper", "agent", 100_000, 50_000, "CZK", "card")
    assert {"agent.connected", "machine.registered", "mandate.granted", "machine_key.created"} <= {
        event["name"] for event in events
    }
    # When its token is over, the client refreshes by itself.
    memory.tokens = memory.tokens.model_copy(update={"access_token": "kupecm_" + "x" * 43})
    auth.context.current_tokens = memory.tokens
    auth.context.token_expiry_time = 1.0
    async with connected(url, auth=auth) as client:
        assert told(await client.call_tool("my_mandates", {}))["may_buy"] is True


class Application:
    """An application that speaks OAuth by hand, rightly or wrongly."""

    def __init__(self, shop: Shop, browser: Browser) -> None:
        self.shop = shop
        self.browser = browser
        made = shop.http.post("/oauth/register", json={"client_name": "By hand", "redirect_uris": [BACK]})
        assert made.status_code == 201, made.text
        self.id = made.json()["client_id"]
        self.verifier = secrets.token_urlsafe(48)

    def asking(self, **other: str | None) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": BACK,
            "state": "s t&a=t",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "scope": "read buy",
            "resource": f"{self.shop.stack.web_url}/mcp",
            **other,
        }
        return "/oauth/authorize?" + urlencode({name: value for name, value in asked.items() if value is not None})

    async def code(self) -> str:
        page = await arrived(self.browser, self.asking())
        assert page.status_code == 200, page.text
        said = answered(await self.browser.submit("/cs/my/connect", "decision=connect", access="read"))
        assert (said["state"], said["iss"]) == ("s t&a=t", self.shop.stack.web_url)
        return said["code"]

    def token(self, **form: str) -> httpx.Response:
        return self.shop.http.post("/oauth/token", data={"client_id": self.id, **form})

    def redeem(self, code: str, **other: str) -> httpx.Response:
        form = {"code": code, "redirect_uri": BACK, "code_verifier": self.verifier, **other}
        return self.token(grant_type="authorization_code", **form)

    def refresh(self, token: str, **other: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=token, **other)

    def opens(self, access: str) -> bool:
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        answer = self.shop.http.post("/mcp", json=ping, headers={"Authorization": f"Bearer {access}"})
        return answer.status_code == 200


@pytest.fixture
def application(shop: Shop, browser: Browser) -> Application:
    return Application(shop, browser)


def wrong(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, response.json()["error"]


async def test_codes_and_tokens_serve_once(shop: Shop, application: Application) -> None:
    by_hand, refused = application, (400, "invalid_grant")
    code = await by_hand.code()
    other = Application(shop, by_hand.browser)
    # Stolen, a code serves nobody: not without the verifier, not for another application, address or resource.
    assert wrong(by_hand.redeem(code, code_verifier="a" * 43)) == refused
    assert wrong(by_hand.redeem(code, code_verifier="")) == refused
    assert wrong(by_hand.redeem(code, redirect_uri=BACK + "/else")) == refused
    assert wrong(by_hand.redeem(code, resource="https://elsewhere.example/mcp")) == (400, "invalid_target")
    assert wrong(other.redeem(code, code_verifier=by_hand.verifier)) == refused
    assert wrong(by_hand.redeem(code, client_id="mcp-nobody")) == (401, "invalid_client")
    first: Any = by_hand.redeem(code).json()
    assert (first["token_type"], first["scope"], first["expires_in"]) == ("Bearer", "read", 14_400)
    assert by_hand.opens(first["access_token"])
    second = by_hand.refresh(first["refresh_token"], scope="read").json()
    assert second["refresh_token"] != first["refresh_token"]
    assert wrong(by_hand.refresh(second["refresh_token"], scope="read buy")) == (400, "invalid_scope")
    assert wrong(other.refresh(second["refresh_token"])) == refused
    third = by_hand.refresh(second["refresh_token"]).json()
    assert by_hand.opens(third["access_token"])
    # A refresh token that comes again ends everything: one of the two is a thief.
    assert wrong(by_hand.refresh(second["refresh_token"])) == refused
    assert wrong(by_hand.refresh(third["refresh_token"])) == refused
    assert [by_hand.opens(each["access_token"]) for each in (first, second, third)] == [False, False, False]
    # So does a code that comes again.
    code = await by_hand.code()
    given = by_hand.redeem(code).json()
    assert by_hand.opens(given["access_token"])
    assert wrong(by_hand.redeem(code)) == refused
    assert not by_hand.opens(given["access_token"])
    assert wrong(by_hand.refresh(given["refresh_token"])) == refused


async def test_two_at_once_get_one_pair_of_tokens(shop: Shop, application: Application) -> None:
    code = await application.code()
    answers = await asyncio.gather(*(asyncio.to_thread(application.redeem, code) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    (given,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert not application.opens(given["access_token"])  # the others have ended it


async def test_what_is_given_back_opens_nothing(shop: Shop, owner: AgentsOwner, application: Application) -> None:
    given = application.redeem(await application.code()).json()

    def revoke(token: str) -> httpx.Response:
        return shop.http.post("/oauth/revoke", data={"client_id": application.id, "token": token})

    assert revoke("unknown").status_code == 200
    assert application.opens(given["access_token"])
    assert revoke(given["access_token"]).status_code == 200
    assert not application.opens(given["access_token"])
    # A key that its owner has revoked by hand is not refreshed either; nor is anything of a machine out of use.
    assert wrong(application.refresh(given["refresh_token"])) == (400, "invalid_grant")
    again = application.redeem(await application.code()).json()
    assert revoke(again["refresh_token"]).status_code == 200
    assert not application.opens(again["access_token"])
    # However often it is connected, it is one machine of the account.
    machines = "select count(*) from machine where party_id = $1 and name = 'By hand' and id in "
    theirs = "(select machine_id from mcp_grant where client_id = $2)"
    assert await shop.stack.fetchval(machines + theirs, owner.party_id, application.id) == 1


async def test_asking_is_checked_before_anybody_is_asked(shop: Shop, application: Application) -> None:
    # Nobody is sent to an address that was not registered.
    for other in ({"redirect_uri": "https://evil.example/"}, {"redirect_uri": BACK + "?x=1"}, {"client_id": "mcp-no"}):
        answer = shop.http.get(application.asking(**other))
        assert answer.status_code in (400, 401)
        assert "location" not in answer.headers
    # A local address may have another port; what is wrong is told there, with the state, and who says it.
    for other, error in (
        ({"response_type": "token"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"resource": "https://elsewhere.example/mcp"}, "invalid_target"),
        ({"scope": "admin"}, "invalid_scope"),
    ):
        moved = application.asking(redirect_uri="http://127.0.0.1:9999/callback", **other)  # type: ignore[arg-type]
        answer = shop.http.get(moved)
        assert answer.status_code == 303
        said = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        assert answer.headers["location"].startswith("http://127.0.0.1:9999/callback?")
        assert (said["error"], said["state"], said["iss"]) == (error, "s t&a=t", shop.stack.web_url)
    # The page shows only what was checked, to who is signed in; saying no is told; what was answered is over.
    browser = application.browser
    for ask in ("", "forged", sign("other secret", "mcp-ask", "e30")):
        assert (await browser.get("/en/my/connect?" + urlencode({"ask": ask}))).status_code == 409
    page = await arrived(browser, application.asking(scope="read"))
    assert 'value="buy"' not in page.text
    said = answered(await browser.submit("/cs/my/connect", "decision=refuse"))
    assert (said["error"], "code" in said) == ("access_denied", False)
    await arrived(browser, application.asking(scope="read"))
    more = await browser.submit("/cs/my/connect", "decision=connect", access="buy", budget="1")
    given = application.redeem(answered(more)["code"]).json()
    assert given["scope"] == "read"
    again = await browser.submit("/cs/my/connect", "decision=connect") if browser.page else more
    assert again.status_code in (303, 409)
    stranger = shop.http.get(application.asking())
    signing = shop.http.get(stranger.headers["location"], headers={"Accept": "text/html"})
    assert "/en/my/sign-in?next=%2Fen%2Fmy%2Fconnect%3Fask%3D" in signing.headers["location"]


def test_hostile_registrations_are_refused_and_nothing_is_fetched(shop: Shop) -> None:
    def register(**said: Any) -> httpx.Response:
        return shop.http.post("/oauth/register", json={"redirect_uris": [BACK], **said})

    for uri in (
        "http://evil.example/", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://", "",
        "https://a.example/#part", "https://user@a.example/", "http://127.0.0.1.evil.example/", "https://a b.example/",
        "//a.example", "https://a.example/\r\nX: y", "https://ž.example/", "ftp://a.example/", "about:blank",
        "https://a.example:99999/", "https://a.example/;script-src *", "x" * 600,
    ):  # fmt: skip
        assert wrong(register(redirect_uris=[uri])) == (400, "invalid_redirect_uri"), uri
    for uri in ("https://a.example/back", "http://localhost/x", "http://[::1]:80/", "com.example.app:/x", "cursor://x"):
        check_redirect(uri)
    for body in ({"redirect_uris": []}, {"redirect_uris": [BACK] * 11}):
        assert wrong(register(**body)) == (400, "invalid_redirect_uri")
    for body in ({"redirect_uris": "x"}, {"grant_types": ["implicit"]}, {"response_types": ["token"]}):
        assert wrong(register(**body)) == (400, "invalid_client_metadata")
    for raw in (b"", b"[", b"\xff", b"{}", b"x" * 50_000, b"[" * 10_000):
        assert wrong(shop.http.post("/oauth/register", content=raw)) == (400, "invalid_client_metadata")
    # Words that would turn around what a person reads are not kept; what it says of secrets and keys is let be.
    made = register(
        client_name="Bank\u202e\n" + "x" * 500, client_uri="http://a.example", jwks_uri="http://169.254.169.254/",
        logo_uri="http://127.0.0.1:1/", token_endpoint_auth_method="client_secret_post",
    ).json()  # fmt: skip
    assert made["client_name"] == "Bank " + "x" * 75
    assert not {"client_secret", "client_uri", "jwks_uri", "logo_uri"} & set(made)
    assert made["token_endpoint_auth_method"] == "none"
    # A form with a thing twice, of another kind, or with nothing in it is told so.
    for data in ({}, {"grant_type": "password"}, {"grant_type": "client_credentials", "client_id": made["client_id"]}):
        assert shop.http.post("/oauth/token", data=data).status_code == 400
    twice = shop.http.post(
        "/oauth/token", content=b"code=a&code=b", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert wrong(twice) == (400, "invalid_request")
    assert wrong(shop.http.post("/oauth/token", json={})) == (400, "invalid_request")
    with pytest.raises(InvalidRedirect):
        check_redirect("vbscript:x")
    assert not allowed_redirect("http://127.0.0.1:1/other", [BACK])
    assert not allowed_redirect("https://127.0.0.1:1/callback", [BACK])
