"""HTTP message signatures (RFC 9421) as the protocol asks for them: what is covered, made, and believed.

Which algorithm holds follows from the key, never from what the message says of itself. A message may carry several
signatures; one that holds is enough.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import http_sf
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    MappingKeyResolver,
    algorithms,
)
from http_message_signatures.digests import ContentDigest
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from kupec.kit.errors import KupecError
from kupec.machines.trust.errors import (
    AlgorithmUnsupported,
    DigestMismatch,
    KeyNotFound,
    SignatureInvalid,
    SignatureMissing,
    SignatureTooOld,
)
from kupec.machines.trust.keys import Signing
from kupec.machines.trust.models import SignedBy, SignedRequest, SignedResponse

LABEL: Final = "sig1"
_MOST_SIGNATURES: Final = 4
_IF_PRESENT: Final = ("ucp-agent", "idempotency-key", "webhook-id", "webhook-timestamp", "signature-agent")
_MUST_IF_PRESENT: Final = ("ucp-agent", "idempotency-key")
_CURVES: Final[dict[str, tuple[ec.EllipticCurve, type[algorithms.HTTPSignatureAlgorithm]]]] = {
    "P-256": (ec.SECP256R1(), algorithms.ECDSA_P256_SHA256),
    "P-384": (ec.SECP384R1(), algorithms.ECDSA_P384_SHA384),
}
_PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class Window:
    """When a signature may have been made to be believed at `now`."""

    def __init__(self, now: datetime, *, age: timedelta, skew: timedelta) -> None:
        self.now = now
        self.age = age
        self.skew = skew

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Raises SignatureTooOld. A signature that does not say when it was made is left to the caller."""
        created, expires = parameters.get("created"), parameters.get("expires")
        now, skew = self.now.timestamp(), self.skew.total_seconds()
        if created is not None and not now - self.age.total_seconds() - skew <= created <= now + skew:
            raise SignatureTooOld(reason="created")
        if expires is not None and expires < now - skew:
            raise SignatureTooOld(reason="expires")


class _Message:
    """What the library reads and writes: a request, or an answer where `status_code` is set."""

    def __init__(self, headers: Mapping[str, str], *, method: str = "GET", url: str = "") -> None:
        self.headers = dict(headers)
        self.method = method
        self.url = url


class _Response(_Message):
    def __init__(self, headers: Mapping[str, str], status: int) -> None:
        super().__init__(headers)
        self.status_code = status
        self.request = None


class _Verifier(HTTPMessageVerifier):
    """Time is judged by Window, with the clock that is passed in."""

    def validate_created_and_expires(self, _sig_input: Any, max_age: timedelta | None = None) -> None:
        """Nothing here."""


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, key: _PublicKey) -> None:
        self._key = key

    def resolve_public_key(self, key_id: str) -> _PublicKey:
        return self._key

    def resolve_private_key(self, key_id: str) -> Any:
        raise NotImplementedError(key_id)


def sign_request(
    key: Signing, method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, now: datetime
) -> dict[str, str]:
    """`headers` with the signature's own."""
    message = _Message({name.lower(): value for name, value in headers.items()}, method=method, url=url)
    covered = ["@method", "@authority", "@path", *(["@query"] if urlsplit(url).query else [])]
    covered += [name for name in _IF_PRESENT if name in message.headers]
    covered += ["content-type"] if body else []
    return _signed(key, message, covered, body or None, now)


def sign_response(key: Signing, status: int, content_type: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """The headers that an answer gets besides its own."""
    message = _Response({"content-type": content_type} if body else {}, status)
    signed = _signed(key, message, ["@status", *(["content-type"] if body else [])], body or None, now)
    return {name: value for name, value in signed.items() if name.lower() != "content-type"}


def _signed(
    key: Signing, message: _Message, covered: Sequence[str], body: bytes | None, now: datetime
) -> dict[str, str]:
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.ECDSA_P256_SHA256,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={key.kid: key.private}),
    )
    signer.sign(
        message,
        key_id=key.kid,
        created=now,
        label=LABEL,
        include_alg=False,
        covered_component_ids=covered,
        body=body,
    )
    return message.headers


def is_signed(headers: Mapping[str, str]) -> bool:
    """Whether a message claims to be signed: with half of it, too, so that none passes as unsigned."""
    return "signature" in headers or "signature-input" in headers


def verify_request(
    request: SignedRequest, keys: Sequence[Mapping[str, Any]], *, profile: str, window: Window
) -> SignedBy:
    """Whose signature holds over all of the request that matters.

    Raises SignatureMissing, SignatureInvalid, SignatureTooOld, KeyNotFound, AlgorithmUnsupported, DigestMismatch.
    """
    required = ["@method", "@authority", "@path", *(["@query"] if urlsplit(request.url).query else [])]
    required += [name for name in _MUST_IF_PRESENT if name in request.headers]
    message = _Message(request.headers, method=request.method, url=request.url)
    return _verify(message, required, request.body, keys, profile, window)


def verify_response(
    response: SignedResponse, keys: Sequence[Mapping[str, Any]], *, profile: str, window: Window
) -> SignedBy:
    """Whose signature holds over an answer that was given to us. Raises as verify_request does."""
    message = _Response(response.headers, response.status)
    return _verify(message, ["@status"], response.body, keys, profile, window)


def _verify(
    message: _Message,
    required: list[str],
    body: bytes,
    keys: Sequence[Mapping[str, Any]],
    profile: str,
    window: Window,
) -> SignedBy:
    if "signature" not in message.headers or "signature-input" not in message.headers:
        raise SignatureMissing
    if body:
        required = [*required, "content-digest", "content-type"]
    if body or "content-digest" in message.headers:
        _check_digest(message.headers, body)
    refusal: KupecError = SignatureMissing()
    for single, kid, parameters in _signatures(message.headers):
        message.headers = single
        try:
            key = _key(keys, kid, profile)
            window.check(parameters)
            _check(message, key, required, body)
        except KupecError as error:
            refusal = error
            continue
        created = parameters.get("created")
        made_at = None if created is None else window.now + timedelta(seconds=created - window.now.timestamp())
        return SignedBy(profile=profile, kid=kid, created_at=made_at)
    raise refusal


def _check_digest(headers: Mapping[str, str], body: bytes) -> None:
    if "content-digest" not in headers:
        raise SignatureInvalid(reason="the body is not covered")
    try:
        ContentDigest.verify(headers["content-digest"], body)
    except HTTPMessageSignaturesException:
        raise DigestMismatch from None


def _signatures(headers: Mapping[str, str]) -> Iterator[tuple[dict[str, str], str, Mapping[str, Any]]]:
    """Each signature alone: the headers as if there were no other, whose key it names, and its parameters."""
    try:
        inputs: Any = http_sf.parse(headers["signature-input"].encode(), tltype="dictionary")
        values: Any = http_sf.parse(headers["signature"].encode(), tltype="dictionary")
    except (ValueError, KeyError):
        raise SignatureInvalid(reason="its headers cannot be read") from None
    labels = [label for label in inputs if label in values][:_MOST_SIGNATURES]
    if not labels:
        raise SignatureMissing
    for label in labels:
        _components, parameters = inputs[label]
        if not all(type(parameters.get(name, 0)) is int for name in ("created", "expires")):
            raise SignatureInvalid(reason="its times cannot be read")
        single = {
            **headers,
            "signature-input": http_sf.ser({label: inputs[label]}),
            "signature": http_sf.ser({label: values[label]}),
        }
        yield single, str(parameters.get("keyid", "")), parameters


def _key(keys: Sequence[Mapping[str, Any]], kid: str, profile: str) -> tuple[_PublicKey, Any]:
    found = next((key for key in keys if key.get("kid") == kid), None)
    if not kid or found is None:
        raise KeyNotFound(kid=kid[:100], profile=profile)
    try:
        return _public_key(found)
    except (KeyError, TypeError, ValueError):
        raise AlgorithmUnsupported from None


def _public_key(jwk: Mapping[str, Any]) -> tuple[_PublicKey, Any]:
    """Raises KeyError, TypeError or ValueError for a key that is none, or of another kind."""
    if jwk["kty"] == "OKP" and jwk["crv"] == "Ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(_bytes(jwk["x"])), algorithms.ED25519
    if jwk["kty"] != "EC":
        raise ValueError
    curve, algorithm = _CURVES[jwk["crv"]]
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(_bytes(jwk["x"]), "big"), int.from_bytes(_bytes(jwk["y"]), "big"), curve
    )
    return numbers.public_key(), algorithm


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _check(message: _Message, key: tuple[_PublicKey, Any], required: Sequence[str], body: bytes) -> None:
    public, algorithm = key
    verifier = _Verifier(signature_algorithm=algorithm, key_resolver=_OneKey(public))
    try:
        verifier.verify(message, max_age=None, require_components=required, body=body)
    except InvalidSignature as error:
        raise SignatureInvalid(reason=_reason(error)) from None
    except (HTTPMessageSignaturesException, ValueError, TypeError, KeyError):
        raise SignatureInvalid(reason="its headers cannot be read") from None


def _reason(error: InvalidSignature) -> str:
    return "it does not cover what it must" if "was not covered" in str(error) else "it was not made of this message"
