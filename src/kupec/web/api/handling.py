"""What every route of the admin API does alike: read a body and a query, answer, take effect once."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar

import msgspec
from litestar import Response

from kupec.integrations import Answered, KeyNeeded, begin_request, finish_request
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.web.api.gate import actor_of, key_of
from kupec.web.api.problems import MalformedRequest, Problem, TooManyLines, problem_of
from kupec.web.rendering import AnyRequest, site_of

MOST_LINES: Final = 1000
LONGEST_TEXT: Final = 1000
LONGEST_LIST: Final = 8000
"""Characters of a parameter that names several: a hundred ids have 3,699."""
KEY: Final = "[A-Za-z0-9_-]{8,128}"
_key = re.compile(KEY).fullmatch
_encode = msgspec.json.Encoder().encode
Body = TypeVar("Body")
Work = Callable[[Connection, Actor, datetime], Awaitable[msgspec.Struct]]


class LineResult(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of one line, counted from 0: it is in, or `problem` says why not."""

    line: int
    status: Literal["ok", "refused"]
    problem: Problem | None = None


class Results(msgspec.Struct, kw_only=True):
    """Lines are taken one by one: those that are refused do not keep the others out."""

    accepted: int
    refused: int
    results: list[LineResult]


def results_of(errors: Sequence[KupecError | None]) -> Results:
    refused = sum(error is not None for error in errors)
    return Results(
        accepted=len(errors) - refused,
        refused=refused,
        results=[
            LineResult(line=line, status="refused" if error else "ok", problem=problem_of(error) if error else None)
            for line, error in enumerate(errors)
        ],
    )


def check_lines(lines: Sequence[Any], *, field: str = "lines", most: int = MOST_LINES) -> None:
    """Raises TooManyLines."""
    if len(lines) > most:
        raise TooManyLines(field=field, most=most, given=len(lines))


async def read(request: AnyRequest, decoder: msgspec.json.Decoder[Body]) -> Body:
    """The request's body. Raises MalformedRequest with the path of the member that is wrong."""
    body = await request.body()
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        raise MalformedRequest(field=path.removesuffix("`") or "$", reason=reason.lower()) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRequest(field="$", reason="it is not JSON") from error
    except RecursionError as error:
        raise MalformedRequest(field="$", reason="it is nested too deeply") from error


def answer(body: msgspec.Struct) -> Response[bytes]:
    return _response(200, _encode(body))


def _response(status: int, body: bytes) -> Response[bytes]:
    return Response(
        body, status_code=status, media_type="application/json", headers={"Cache-Control": "private, no-store"}
    )


async def take_effect(request: AnyRequest, work: Work, *, key: Literal["required", "optional"] | None = None) -> Any:
    """Do `work` in one transaction and answer what it returns.

    With an Idempotency-Key a repetition is answered as the first time and does nothing. Raises KeyNeeded,
    IdempotencyMismatch.
    """
    site, caller = site_of(request), key_of(request)
    given = _idempotency_key(request, key) if key else None
    said = b"\n".join((request.method.encode(), request.scope["path"].encode(), await request.body()))
    now = site.clock.now()
    async with site.database.transaction() as db:
        if given:
            seen = await begin_request(db, caller.id, given, request=said, now=now)
            if seen is not None:
                return _response(seen.status, seen.body)
        body = _encode(await work(db, actor_of(request), now))
        if given:
            await finish_request(db, caller.id, given, Answered(status=200, body=body))
    return _response(200, body)


def _idempotency_key(request: AnyRequest, need: Literal["required", "optional"]) -> str | None:
    given: str | None = request.headers.get("idempotency-key")
    if given is None and need == "optional":
        return None
    if given is None or not _key(given):
        raise KeyNeeded(field="Idempotency-Key")
    return given


class Query:
    """The parameters of an address. A wrong one is an InvalidValue that names it."""

    def __init__(self, request: AnyRequest) -> None:
        self._values = request.query_params

    def text(self, name: str, *, most: int = LONGEST_TEXT) -> str:
        value: str = self._values.get(name, "")
        if "\0" in value or len(value) > most:
            raise InvalidValue(field=name, expected=f"at most {most} characters")
        return value

    def words(self, name: str, *, most: int) -> list[str]:
        """Values separated by commas."""
        found = [word.strip() for word in self.text(name, most=LONGEST_LIST).split(",") if word.strip()]
        if len(found) > most:
            raise InvalidValue(field=name, expected=f"at most {most}")
        return found

    def limit(self, most: int) -> int:
        text = self.text("limit")
        if not text:
            return most
        if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
            raise InvalidValue(field="limit", expected=f"1–{most}")
        return int(text)

    def choice(self, name: str, values: Sequence[str]) -> str | None:
        text = self.text(name)
        if text and text not in values:
            raise InvalidValue(field=name, expected=", ".join(values))
        return text or None

    def moment(self, name: str) -> datetime | None:
        """With its time zone; a bare one is taken as UTC."""
        text = self.text(name)
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text.replace(" ", "+"))
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise InvalidValue(field=name, expected="a moment such as 2026-11-22T08:00:00Z") from None
