"""A standing order from now on: changed, paused, resumed, ended, agreed to."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.recurrence import check, number_after, run_number
from kupec.sales.standing.errors import StandingEnded
from kupec.sales.standing.estimates import local_day, price_standing
from kupec.sales.standing.events import (
    StandingApproved,
    StandingChanged,
    StandingEnds,
    StandingPaused,
    StandingResumed,
)
from kupec.sales.standing.models import StandingChange, StandingLine, StandingOrder
from kupec.sales.standing.planning import begun_at, plan_next, plan_where_none
from kupec.sales.standing.rows import get_standing, lock_standing
from kupec.sales.standing.starting import (
    agreed_total,
    check_card,
    checked_details,
    checked_lines,
    checked_note,
    insert_lines,
    priced_or_refused,
    with_prices,
)
from kupec.sales.standing.telling import end_what_is_over, tell

_SAVED = (
    *("email", "name", "phone", "address", "company", "shipping_method", "pickup_point", "payment", "card_id"),
    *("price_policy", "fixed_until", "approved_total", "recurrence", "base", "note"),
)
_PARTS = ", ".join(f"{name} = ${index}" for index, name in enumerate(_SAVED, start=3))
_SAVE = f"update standing_order set updated_at = $2, {_PARTS} where id = $1"  # noqa: S608
# What decides whether it can be ordered, and for how much.
_TERMS = {"lines", "address", "shipping_method", "pickup_point", "payment", "card_id", "price_policy", "fixed_until"}


async def change_standing(
    db: Connection, standing_id: UUID, change: StandingChange, *, actor: Actor, now: datetime
) -> StandingOrder:
    """Let a standing order be different from now on; what is being placed already stays. Emits standing.changed.

    Another recurrence is anchored anew: what was planned ahead is cancelled, and its first time after `now` is the
    next. Lines that were agreed at a fixed price keep it, others get today's. Telling it what it knows already changes
    nothing. Raises StandingEnded and what `start_standing` raises.
    """
    standing = await lock_standing(db, standing_id, actor=actor)
    if standing.state == "ended":
        raise StandingEnded
    after = _changed(standing, change, actor, now)
    parts = [part for part in change.parts if not _same(standing, after, part)]
    if not parts:
        return standing
    if _TERMS.intersection(parts):
        await check_card(db, after)
        seen = await priced_or_refused(db, after, now=now)
        after = with_prices(after, seen)
        after = msgspec.structs.replace(after, approved_total=agreed_total(after, seen, actor))
    await _save(db, after, now)
    if "lines" in parts or "price_policy" in parts:
        await db.execute("delete from standing_line where standing_order_id = $1", standing_id)
        await insert_lines(db, after)
    if "recurrence" in parts:
        await _plan_anew(db, after, now)
    await tell(db, standing.id, standing.customer_id, StandingChanged(what=sorted(parts)), actor=actor, now=now)
    return await get_standing(db, standing_id)


def _changed(standing: StandingOrder, change: StandingChange, actor: Actor, now: datetime) -> StandingOrder:
    given = {name: getattr(change, name) for name in change.parts}
    if "lines" in given:
        given["lines"] = _kept(standing, checked_lines(given["lines"], actor=actor))
    if "note" in given:
        given["note"] = checked_note(given["note"])
    after = msgspec.structs.replace(standing, **given)
    details = checked_details(after)
    after = msgspec.structs.replace(after, **{name: getattr(details, name) for name in details.__struct_fields__})
    if after.payment != "card":
        after = msgspec.structs.replace(after, card_id=None)
    if after.price_policy != "fixed":
        after = msgspec.structs.replace(after, fixed_until=None)
    if after.recurrence != standing.recurrence:
        after = _anchored_anew(after, now)
    return after


def _kept(standing: StandingOrder, lines: list[StandingLine]) -> list[StandingLine]:
    """Goods that stay keep what was agreed for them, and what they cost last time."""
    known = {(line.variant_id, tuple(sorted(line.options.items()))): line for line in standing.lines}
    kept = []
    for line in lines:
        before = known.get((line.variant_id, tuple(sorted(line.options.items()))))
        if before is not None:
            line = msgspec.structs.replace(
                line,
                last_amount=before.last_amount,
                fixed_amount=before.fixed_amount if line.fixed_amount is None else line.fixed_amount,
            )
        kept.append(line)
    return kept


def _anchored_anew(after: StandingOrder, now: datetime) -> StandingOrder:
    check(after.recurrence)
    if run_number(after.recurrence, number_after(after.recurrence, now)) is None:
        raise InvalidValue(field="until", expected=_("a day after the first order"))
    return msgspec.structs.replace(after, base=begun_at(after.recurrence, now=now, next_number=after.next_number))


def _same(before: StandingOrder, after: StandingOrder, part: str) -> bool:
    if part != "lines":
        return bool(getattr(before, part) == getattr(after, part))
    return [_content(line) for line in before.lines] == [_content(line) for line in after.lines]


def _content(line: StandingLine) -> tuple[object, ...]:
    return line.variant_id, line.quantity, line.options, line.fixed_amount


async def _save(db: Connection, after: StandingOrder, now: datetime) -> None:
    values = [getattr(after, name) for name in _SAVED]
    plain = [msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value for value in values]
    await db.execute(_SAVE, after.id, now, *plain)


async def _plan_anew(db: Connection, standing: StandingOrder, now: datetime) -> None:
    await db.execute(
        "update occurrence set state = 'cancelled', next_try_at = null, finished_at = $2 "
        "where standing_order_id = $1 and state = 'planned'",
        standing.id,
        now,
    )
    if standing.state == "active":
        await plan_next(db, [standing], now=now)


async def pause_standing(
    db: Connection, standing_id: UUID, *, actor: Actor, now: datetime, reason: str = "asked"
) -> StandingOrder:
    """Let nothing be ordered until it is resumed; what is being placed already goes on. Emits standing.paused.

    Repeating it changes nothing. Raises NotFound, Forbidden, StandingEnded.
    """
    standing = await lock_standing(db, standing_id, actor=actor)
    if standing.state == "ended":
        raise StandingEnded
    if standing.state == "active":
        await _rest(db, standing_id, "paused", reason, now)
        await tell(db, standing_id, standing.customer_id, StandingPaused(reason=reason), actor=actor, now=now)
    return await get_standing(db, standing_id)


async def resume_standing(db: Connection, standing_id: UUID, *, actor: Actor, now: datetime) -> StandingOrder:
    """Go on with the next time after `now`; those that passed meanwhile are cancelled. Emits standing.resumed.

    What had failed before the pause stays failed: `decide_missed` orders it, or lets it go. One whose last day has
    passed meanwhile ends (standing.ended). Repeating it changes nothing. Raises NotFound, Forbidden, StandingEnded.
    """
    standing = await lock_standing(db, standing_id, actor=actor)
    if standing.state == "ended":
        raise StandingEnded
    if standing.state == "active":
        return standing
    await db.execute(
        "update standing_order set state = 'active', reason = null, updated_at = $2 where id = $1", standing_id, now
    )
    await db.execute(
        "update occurrence set state = 'cancelled', finished_at = $2 "
        "where standing_order_id = $1 and state = 'planned' and due_at <= $2",
        *(standing_id, now),
    )
    await db.execute(
        "update occurrence set next_try_at = due_at where standing_order_id = $1 and state = 'planned'", standing_id
    )
    number = standing.base + number_after(standing.recurrence, now)
    standing = msgspec.structs.replace(standing, state="active", next_number=max(standing.next_number, number))
    await plan_where_none(db, [standing], now=now)
    planned = await db.fetchval(
        "select min(due_at) from occurrence where standing_order_id = $1 and state = 'planned'", standing_id
    )
    payload = StandingResumed(next_on=local_day(standing, planned) if planned else None)
    await tell(db, standing_id, standing.customer_id, payload, actor=actor, now=now)
    await end_what_is_over(db, [standing_id], now=now)
    return await get_standing(db, standing_id)


async def end_standing(db: Connection, standing_id: UUID, *, actor: Actor, now: datetime) -> StandingOrder:
    """Order nothing any more; what is being placed already goes on. Emits standing.ended. Repeating it changes nothing.

    Raises NotFound, Forbidden.
    """
    standing = await lock_standing(db, standing_id, actor=actor)
    if standing.state != "ended":
        await _rest(db, standing_id, "ended", "asked", now)
        await db.execute("update standing_order set ended_at = $2 where id = $1", standing_id, now)
        await db.execute(
            "update occurrence set state = 'cancelled', finished_at = $2 "
            "where standing_order_id = $1 and state = 'planned'",
            *(standing_id, now),
        )
        await tell(db, standing_id, standing.customer_id, StandingEnds(reason="asked"), actor=actor, now=now)
    return await get_standing(db, standing_id)


async def _rest(db: Connection, standing_id: UUID, state: str, reason: str, now: datetime) -> None:
    """Nothing is tried any more; the standing order is locked."""
    await db.execute(
        "update standing_order set state = $2, reason = $3, updated_at = $4 where id = $1",
        *(standing_id, state, reason, now),
    )
    await db.execute(
        "update occurrence set next_try_at = null "
        "where standing_order_id = $1 and state in ('planned', 'failed') and next_try_at is not null",
        standing_id,
    )


async def approve_standing(db: Connection, standing_id: UUID, *, actor: Actor, now: datetime) -> StandingOrder:
    """Agree to what it costs today being bought on account, again and again. Emits standing.approved.

    For approvers of its organisation and for the desk with "orders.write". Repeating it at the same total changes
    nothing. Raises NotFound, Forbidden, StandingEnded.
    """
    standing = await get_standing(db, standing_id)
    actor.require_for(standing.customer_id, "orders.write", role="approver")
    await db.execute("select from standing_order where id = $1 for no key update", standing_id)
    standing = await get_standing(db, standing_id)
    if standing.state == "ended":
        raise StandingEnded
    seen = (await price_standing(db, [standing], now=now))[standing_id]
    if standing.approved_total != seen.total:
        await db.execute(
            "update standing_order set approved_total = $2, updated_at = $3 where id = $1",
            *(standing_id, seen.total, now),
        )
        payload = StandingApproved(total=seen.total, currency=seen.currency)
        await tell(db, standing_id, standing.customer_id, payload, actor=actor, now=now)
    return await get_standing(db, standing_id)
