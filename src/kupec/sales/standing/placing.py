"""Occurrences that are due become orders: each once, whoever is killed, and whenever.

Claim, order, note: three steps, the first and the last a short transaction each, the checkout between them outside any.
Why it holds: docs/algorithms/standing-orders.md.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import structlog

from kupec.kit.batch import Busy
from kupec.kit.clock import Clock
from kupec.kit.db import Database
from kupec.kit.errors import IdempotencyMismatch, KupecError
from kupec.sales.carts import lock_carts
from kupec.sales.checkout import Checkout, CompleteRequest, Completion
from kupec.sales.drafts import withdraw_drafts
from kupec.sales.standing.claiming import Claimed, claim_due
from kupec.sales.standing.outcomes import Result, note_results, result_of
from kupec.sales.standing.shortening import Short, cut_down, line_of
from kupec.sales.standing.telling import STANDING_ACTOR

AT_ONCE = 256
LEASE = timedelta(seconds=45)
"""Longer than a batch takes, a slow card gateway included. Should it run out all the same, the next worker makes the
same try, and one order comes of both."""
_CUTS = 6
_CARDS_AT_ONCE = 32
# Whether it was ordered is not known: the lease runs out, and whoever comes next looks.
_UNKNOWN = (Busy, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, IdempotencyMismatch)

log = structlog.get_logger(__name__)


async def place_due(
    database: Database,
    checkout: Checkout,
    clock: Clock,
    *,
    return_url: str,
    limit: int = AT_ONCE,
    lease: timedelta = LEASE,
) -> int:
    """Order what is due: claim it, complete it at checkout, note what came of it. Returns how many were taken.

    Any number of workers may do so at the same time. `return_url` is where a provider would send a customer to; nobody
    is there to be sent.
    """
    async with database.transaction(quiet=True) as db:
        claim = await claim_due(db, now=clock.now(), limit=limit, lease=lease)
    results = [result_of(one) for one in claim.members if one.decided is not None]
    waiting = [one for one in claim.members if one.decided is None]
    results += await _order(database, checkout, clock, waiting, return_url)
    if results or claim.taken:
        async with database.transaction() as db:
            await note_results(db, results, now=clock.now())
    return claim.taken


async def _order(
    database: Database, checkout: Checkout, clock: Clock, waiting: Sequence[Claimed], return_url: str
) -> list[Result]:
    results: list[Result] = []
    cards = asyncio.Semaphore(_CARDS_AT_ONCE)
    for _cut in range(_CUTS):
        answers = await asyncio.gather(*(_complete(checkout, one, return_url, cards) for one in waiting))
        short = [answer for answer in answers if isinstance(answer, Short)]
        results += [answer for answer in answers if isinstance(answer, Result)]
        if not short:
            break
        async with database.transaction(quiet=True) as db:
            empty = await cut_down(db, short, now=clock.now())
        results += [Result(member=one.member, code="sold_out") for one in short if one.member.occurrence.id in empty]
        waiting = [one.member for one in short if one.member.occurrence.id not in empty]
    else:
        results += [Result(member=one, code="sold_out") for one in waiting]
    await _give_up_what_waits(database, clock, [result for result in results if result.code == "needs_action"])
    return results


async def _complete(
    checkout: Checkout, one: Claimed, return_url: str, cards: asyncio.Semaphore
) -> Result | Short | None:
    """One try at checkout; None when nobody knows yet what came of it."""
    if one.standing.payment == "card" and one.card is None:
        return Result(member=one, code="card_gone")
    request = CompleteRequest(
        cart_id=one.cart_id,
        key=one.key,
        card_token=one.card.token if one.card else "",
        expected_total=None,
        return_url=return_url,
        actor=STANDING_ACTOR,
        approved_up_to=one.standing.approved_total,
    )
    try:
        if one.card is None:
            return _answer(one, await checkout.complete(request))
        async with cards:
            return _answer(one, await checkout.complete(request))
    except _UNKNOWN as error:
        log.warning("standing.unknown", occurrence=str(one.occurrence.id), error=type(error).__name__)
        return None
    except KupecError as error:
        return Short(member=one, error=error) if line_of(error) is not None else Result(member=one, code=_code(error))
    except Exception as error:
        # Whatever it is, it must not hold the others up, nor come again every minute unseen.
        log.exception("standing.broke", occurrence=str(one.occurrence.id), exc_info=error)
        return Result(member=one, code="internal")


def _code(error: KupecError) -> str:
    """What the customer and the desk are told is wrong."""
    if error.code != "cart_incomplete":
        return error.code
    part = (error.field or "").partition(".")[0]
    return {"payment_method": "payment_unavailable", "shipping_method": "delivery_unavailable"}.get(part, error.code)


def _answer(one: Claimed, completion: Completion) -> Result | None:
    if completion.state == "in_progress":
        return None
    if completion.state == "placed":
        return Result(member=one, order_id=completion.order_id)
    if completion.state == "requires_action":
        return Result(member=one, code="needs_action")
    return Result(member=one, code=completion.error_code or "declined")


async def _give_up_what_waits(database: Database, clock: Clock, waiting: Sequence[Result]) -> None:
    """A bank that asks for its customer asks nobody: the drafts are given up, and the next try begins anew."""
    if not waiting:
        return
    async with database.transaction() as db:
        carts = await lock_carts(db, [result.member.cart_id for result in waiting])
        await withdraw_drafts(db, sorted(carts), actor=STANDING_ACTOR, now=clock.now())
