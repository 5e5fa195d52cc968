"""Signatures at the buying API's door: what comes signed is checked before anything is done, and answered signed."""

from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from kupec.machines.trust import SignatureInvalid, SignedRequest, Trust, is_signed
from kupec.machines.ucp.agent import AnyRequest, platform_of

ANSWERED = "kupec_signed"


async def check_signed(request: AnyRequest) -> None:
    """For `before_request`. Nothing for a request without a signature, where that is allowed.

    Raises InvalidProfile and what Trust.check raises: a signature that does not hold is refused, never passed over.
    """
    trust: Trust | None = request.app.state.site.trust
    headers = {name: ", ".join(request.headers.getall(name)) for name in set(request.headers.keys())}
    if not is_signed(headers) and not (trust is not None and trust.required):
        return
    if trust is None:
        raise SignatureInvalid(reason="this process cannot judge it")
    signed = SignedRequest(
        method=request.method,
        url=trust.own_url(request.scope["raw_path"].decode("ascii", "replace"), request.url.query),
        headers=headers,
        body=await request.body(),
    )
    await trust.check(signed, platform_of(request).profile)
    request.scope["state"][ANSWERED] = True


class SignedAnswers:
    """Middleware: the answer to a request whose signature held is signed, too; in a rehearsal every answer is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        always = bool(scope["litestar_app"].state.site.settings.ucp_rehearsal)
        signed = any(name == b"signature-input" for name, _ in scope["headers"])
        if scope["type"] != ScopeType.HTTP or not (signed or always):
            await self._app(scope, receive, send)
            return
        start: dict[str, Any] = {}
        parts: list[bytes] = []

        async def signing(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            if message["type"] != "http.response.body":
                await send(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = b"".join(parts)
            if always or scope["state"].get(ANSWERED):
                start["headers"] = [*start["headers"], *await _signature(scope, start, body)]
            await send(start)  # type: ignore[arg-type]
            await send({"type": "http.response.body", "body": body, "more_body": False})

        await self._app(scope, receive, signing)


async def _signature(scope: Scope, start: dict[str, Any], body: bytes) -> list[tuple[bytes, bytes]]:
    trust: Trust = scope["litestar_app"].state.site.trust
    found = next((value.decode("latin-1") for name, value in start["headers"] if name.lower() == b"content-type"), "")
    signed = await trust.signed_response(start["status"], found, body)
    return [(name.lower().encode(), value.encode()) for name, value in signed.items()]
