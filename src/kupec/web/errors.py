"""Errors at the edge: a page in the reader's language for people, problem+json (RFC 9457) for machines."""

from http import HTTPStatus
from typing import Any

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotFoundException
from litestar.types import ExceptionHandlersMap

from kupec.kit.errors import KupecError
from kupec.kit.i18n import explain, translate
from kupec.web.rendering import language_of, render

log = structlog.get_logger(__name__)

AnyRequest = Request[Any, Any, Any]


def _(message: str) -> str:
    """Marks a message for the catalogues; it is translated when it is shown."""
    return message


_TITLES = {
    400: _("This request could not be read"),
    401: _("Please sign in"),
    403: _("This is not allowed"),
    404: _("This page does not exist"),
    405: _("This cannot be done here"),
    409: _("Something changed in the meantime"),
    413: _("This is too much at once"),
    415: _("This request could not be read"),
    422: _("Something is not filled in correctly"),
    429: _("Too many attempts"),
    500: _("Something went wrong on our side"),
    503: _("We will be back in a moment"),
}
_ADVICE = {
    404: _("The address may be mistyped, or what was here is no longer sold. The search knows everything we have."),
    429: _("Nothing is lost. Wait a minute and try again."),
    500: _("Nothing was charged and nothing is lost. We know about it. Try again in a moment, or write to us."),
    503: _("Nothing is lost. Try again in a moment."),
}


def wants_page(request: AnyRequest) -> bool:
    """Whether a person is asking: browsers name text/html, machines do not."""
    return "text/html" in request.headers.get("accept", "")


def kupec_error(request: AnyRequest, error: KupecError) -> Response[Any]:
    """A typed error that no handler has shown beside its field."""
    if error.status >= 500:
        return unexpected_error(request, error)
    headers = {"Retry-After": "60"} if error.status == 429 else {}
    if wants_page(request):
        return _page(request, error.status, explain(error, language_of(request)), headers)
    return problem(error.problem(), headers)


def http_error(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """An error of the framework: no such route, a wrong method, a body that is too long."""
    if error.status_code >= 500:
        return unexpected_error(request, error)
    headers = dict(error.headers or {})
    if wants_page(request):
        return _page(request, error.status_code, None, headers)
    title = HTTPStatus(error.status_code).phrase
    code = title.lower().replace(" ", "_")
    body = {"type": f"urn:kupec:error:{code}", "title": title, "status": error.status_code, "code": code}
    return problem(body, headers)


def unfit_text(request: AnyRequest, _: Exception) -> Response[Any]:
    """Text that PostgreSQL cannot hold (a null byte) names nothing that exists."""
    return http_error(request, NotFoundException())


def unexpected_error(request: AnyRequest, error: Exception) -> Response[Any]:
    """A fault of ours: the log has the details, the visitor has none of them."""
    log.error("request_failed", method=request.method, path=request.scope["path"], exc_info=error)
    if wants_page(request):
        return _page(request, 500, None, {})
    return problem(KupecError().problem(), {})


def problem(body: dict[str, Any], headers: dict[str, str]) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body),
        status_code=body["status"],
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store", **headers},
    )


def _page(request: AnyRequest, status: int, explanation: str | None, headers: dict[str, str]) -> Response[str]:
    language = language_of(request)
    known = status if status in _TITLES else (400 if status < 500 else 500)
    advice = explanation or (translate(language, _ADVICE[known]) if known in _ADVICE else "")
    return render(
        request,
        "errors/error.html",
        status=status,
        headers={**headers, "Cache-Control": "no-store"},
        title=translate(language, _TITLES[known]),
        advice=advice,
        code=status,
        desk=request.scope["path"].startswith("/desk"),
    )


exception_handlers: ExceptionHandlersMap = {
    KupecError: kupec_error,
    HTTPException: http_error,
    asyncpg.CharacterNotInRepertoireError: unfit_text,
    Exception: unexpected_error,
}
