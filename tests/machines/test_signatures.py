"""Signatures: what holds, and that nothing else does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import http_sf
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from kupec.kit.errors import KupecError
from kupec.machines.trust import (
    AlgorithmUnsupported,
    DigestMismatch,
    KeyNotFound,
    SignatureInvalid,
    SignatureMissing,
    SignatureTooOld,
    SignedBy,
    SignedRequest,
    SignedResponse,
    Window,
    sign_request,
    sign_response,
    verify_request,
    verify_response,
)
from tests.machines.signing import jwk, new_key, replaced

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
URL = "https://shop.example/ucp/v1/checkout-sessions"
PROFILE = "https://agent.example/profile"
BODY = '{"line_items": [{"item": {"id": "ČAJ"}, "quantity": 2}]}'.encode()
KEY, OTHER = new_key("one"), new_key("two")
TOLD = {
    "Content-Type": "application/json",
    "UCP-Agent": f'profile="{PROFILE}"',
    "Idempotency-Key": "3c5f4c9e-0f5e-4ad7-8e7a-5d3c7a8f0b11",
}


def window(now: datetime = NOW) -> Window:
    return Window(now, age=timedelta(minutes=5), skew=timedelta(minutes=1))


def signed(url: str = URL, method: str = "POST", body: bytes = BODY, key: Any = KEY, **told: str) -> SignedRequest:
    headers = sign_request(key, method, url, {**TOLD, **told}, body, now=NOW)
    return SignedRequest(method=method, url=url, headers={k.lower(): v for k, v in headers.items()}, body=body)


def judge(request: SignedRequest, *, now: datetime = NOW, keys: Any = None) -> SignedBy:
    return verify_request(request, [jwk(KEY)] if keys is None else keys, profile=PROFILE, window=window(now))


def changed(request: SignedRequest, **parts: Any) -> SignedRequest:
    values = {name: getattr(request, name) for name in ("method", "url", "headers", "body")}
    return SignedRequest(**{**values, **parts})


def test_what_is_signed_is_as_the_protocol_asks() -> None:
    request = signed(url=f"{URL}?a=1")
    inputs: Any = http_sf.parse(request.headers["signature-input"].encode(), tltype="dictionary")
    components, parameters = inputs["sig1"]
    assert {name for name, _ in components} == {
        "@method",
        "@authority",
        "@path",
        "@query",
        "ucp-agent",
        "idempotency-key",
        "content-type",
        "content-digest",
    }
    assert parameters == {"created": int(NOW.timestamp()), "keyid": "one"}
    assert judge(request) == SignedBy(profile=PROFILE, kid="one", created_at=NOW)
    # r and s side by side, not DER: checked without the library that made it.
    value: Any = http_sf.parse(request.headers["signature"].encode(), tltype="dictionary")
    raw = value["sig1"][0]
    lines = [f'"{name}": {_value(request, name)}' for name, _ in components]
    params = request.headers["signature-input"].removeprefix("sig1=")
    base = "\n".join([*lines, f'"@signature-params": {params}']).encode()
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    assert len(raw) == 64
    KEY.private.public_key().verify(der, base, ec.ECDSA(SHA256()))


def _value(request: SignedRequest, name: str) -> str:
    derived = {
        "@method": request.method,
        "@authority": "shop.example",
        "@path": "/ucp/v1/checkout-sessions",
        "@query": "?a=1",
    }
    return derived.get(name) or request.headers[name]


@pytest.mark.parametrize(
    ("parts", "refusal"),
    [
        ({"method": "PUT"}, SignatureInvalid),
        ({"url": "https://shop.example/ucp/v1/checkout-sessions/1/complete"}, SignatureInvalid),
        ({"url": "https://other.example/ucp/v1/checkout-sessions"}, SignatureInvalid),
        ({"url": f"{URL}?admin=1"}, SignatureInvalid),
        ({"body": BODY.replace(b"2", b"3")}, DigestMismatch),
        ({"body": b""}, DigestMismatch),
    ],
)
def test_a_changed_request_is_refused(parts: dict[str, Any], refusal: type[KupecError]) -> None:
    with pytest.raises(refusal):
        judge(changed(signed(), **parts))


def test_changed_and_missing_headers_are_refused() -> None:
    request = signed()
    with pytest.raises(SignatureInvalid):
        judge(changed(request, headers=replaced(dict(request.headers), idempotency_key="another-key-of-mine")))
    with pytest.raises(SignatureInvalid):
        judge(changed(request, headers=replaced(dict(request.headers), ucp_agent='profile="https://evil.example"')))
    headers = sign_request(KEY, "POST", URL, {k: v for k, v in TOLD.items() if "Key" not in k}, BODY, now=NOW)
    keyed = {**{k.lower(): v for k, v in headers.items()}, "idempotency-key": "another-key-of-mine"}
    with pytest.raises(SignatureInvalid):  # a key that the signature does not cover would be another's to choose
        judge(changed(request, headers=keyed))
    for name in ("signature", "signature-input", "content-digest", "content-type"):
        with pytest.raises((SignatureMissing, SignatureInvalid)):
            judge(changed(request, headers={k: v for k, v in request.headers.items() if k != name}))


def test_time_is_judged_with_the_clock_that_is_passed_in() -> None:
    request = signed()
    assert judge(request, now=NOW + timedelta(minutes=5, seconds=59))
    assert judge(request, now=NOW - timedelta(seconds=59))
    for now in (NOW + timedelta(minutes=6, seconds=1), NOW - timedelta(seconds=61)):
        with pytest.raises(SignatureTooOld):
            judge(request, now=now)


def test_unknown_and_foreign_keys_are_refused() -> None:
    with pytest.raises(KeyNotFound):
        judge(signed(key=OTHER))
    with pytest.raises(SignatureInvalid):  # the name of a known key, the signature of another
        judge(signed(key=new_key("one")))
    assert judge(signed(key=OTHER), keys=[jwk(KEY), jwk(OTHER)]).kid == "two"
    for strange in ({"kid": "one", "kty": "RSA", "n": "AQAB", "e": "AQAB"}, {**jwk(KEY), "x": "AAAA"}, {"kid": "one"}):
        with pytest.raises(AlgorithmUnsupported):
            judge(signed(), keys=[strange])


def test_of_several_signatures_one_that_holds_is_enough() -> None:
    mine, theirs = signed().headers, signed(key=OTHER).headers
    both = {
        **mine,
        "signature-input": f"{theirs['signature-input'].replace('sig1', 'sig0')}, {mine['signature-input']}",
        "signature": f"{theirs['signature'].replace('sig1', 'sig0')}, {mine['signature']}",
    }
    assert judge(changed(signed(), headers=both)).kid == "one"
    with pytest.raises(KeyNotFound):
        judge(changed(signed(), headers=both), keys=[jwk(new_key("three"))])


def test_an_answer_is_bound_to_its_status_and_body() -> None:
    headers = sign_response(KEY, 201, "application/json", BODY, now=NOW)
    told = {"content-type": "application/json", **{k.lower(): v for k, v in headers.items()}}

    def judged(status: int = 201, body: bytes = BODY) -> SignedBy:
        response = SignedResponse(status=status, headers=told, body=body)
        return verify_response(response, [jwk(KEY)], profile=PROFILE, window=window())

    assert judged().kid == "one"
    with pytest.raises(SignatureInvalid):
        judged(status=200)
    with pytest.raises(DigestMismatch):
        judged(body=BODY + b" ")


@given(
    signature=st.text(max_size=60) | st.just("sig1=:AAAA:"),
    inputs=st.text(max_size=80) | st.just('sig1=("@method" "@path");created=99999999999;keyid="one"'),
    digest=st.text(max_size=40),
)
def test_garbage_is_refused_and_nothing_else_happens(signature: str, inputs: str, digest: str) -> None:
    headers = {**signed().headers, "signature": signature, "signature-input": inputs}
    for told in (headers, {**headers, "content-digest": digest}):
        with pytest.raises(KupecError) as caught:
            judge(changed(signed(), headers=told))
        assert caught.value.status in (400, 401)
