"""Sessions as they stand, as answers."""

from litestar import Response

from kupec.kit.errors import KupecError
from kupec.machines.ucp import render
from kupec.machines.ucp.agent import AnyRequest, Platform, language_of
from kupec.machines.ucp.answers import answer, is_outcome, no
from kupec.machines.ucp.door import Door
from kupec.machines.ucp.errors import SessionGivenUp, SessionNotFound, SessionOver
from kupec.machines.ucp.messages import refusal
from kupec.machines.ucp.shapes import Message
from kupec.machines.ucp.standing import find_session, session_id
from kupec.sales import CartClosed, CartIncomplete


async def shown(
    request: AnyRequest,
    platform: Platform,
    session: str,
    *,
    error: KupecError | None = None,
    messages: list[Message] | None = None,
    continue_url: str | None = None,
    status: int = 200,
) -> Response[bytes]:
    """The session as it stands, with what has just been refused."""
    door: Door = request.app.state.site
    try:
        cart_id = session_id(session)
        async with door.database.transaction() as db:
            found = await find_session(db, cart_id, platform, now=door.clock.now())
    except SessionNotFound as missing:
        return no(missing, language_of(request, None))
    told = [*(messages or []), *([refusal(error, found.seen.cart.language)] if error else [])]
    body = render.checkout(found, door.settings, messages=told, spoken=platform.capabilities)
    if continue_url is not None:
        body.status, body.continue_url = "requires_escalation", continue_url
    return answer(body, status=status)


async def declined(request: AnyRequest, platform: Platform, session: str, error: KupecError) -> Response[bytes]:
    """A business no: the session as it stands, with the reason. What is no outcome is raised again.

    Raises SessionOver, SessionGivenUp for what would change a session that is at its end.
    """
    if isinstance(error, CartClosed):
        door: Door = request.app.state.site
        async with door.database.reading() as db:
            ordered = await db.fetchval("select state = 'ordered' from cart where id = $1", session_id(session))
        raise (SessionOver() if ordered else SessionGivenUp()) from error
    if not is_outcome(error):
        raise error
    # What an incomplete session lacks, it says itself.
    return await shown(request, platform, session, error=None if isinstance(error, CartIncomplete) else error)
