"""When a rule acts, and on whom: pure. Working live and trying it on the past both decide by this file alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from statistics import median
from typing import Literal
from uuid import UUID

import msgspec

from kupec.kit.events import Event
from kupec.outreach.rules.models import (
    EventTrigger,
    FieldCondition,
    OverdueTrigger,
    RhythmTrigger,
    Rule,
    ServiceTrigger,
    SilenceTrigger,
    payload_value,
)

FEWEST_ORDERS = 3
"""With fewer, a customer has no rhythm."""
Verdict = Literal["fire", "undone", "others", "already"]


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """One reason for a rule to act. `subject` is whom it acts on once, `key` what makes the reason one."""

    rule: str
    subject: str
    key: str
    customer_id: UUID | None
    about: str
    happened_at: datetime
    due_at: datetime


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when an occasion is due. `undone`: what made it holds no more (paid, ordered, cancelled)."""

    undone: bool = False
    kind: str = ""
    language: str = ""
    market: str = ""
    segments: frozenset[str] = frozenset()
    consents: frozenset[str] = frozenset()


def decide(rule: Rule, occasion: Occasion, facts: Facts, before: datetime | None) -> Verdict:
    """Whether the rule acts on this occasion; `before` is when it last acted on the same subject."""
    if facts.undone:
        return "undone"
    if not _means(rule, facts):
        return "others"
    if before is not None and (rule.again_days is None or occasion.due_at - before < timedelta(days=rule.again_days)):
        return "already"
    return "fire"


def _means(rule: Rule, facts: Facts) -> bool:
    who = rule.who
    return (
        who.kind in ("", facts.kind)
        and (not who.languages or facts.language in who.languages)
        and (not who.markets or facts.market in who.markets)
        and (not who.segments or bool(facts.segments & set(who.segments)))
        and (not who.consent or who.consent in facts.consents)
    )


def names_of(rule: Rule) -> tuple[str, ...]:
    """The event that a rule begins with, if it does."""
    match rule.trigger:
        case EventTrigger(event=name):
            return (name,)
        case SilenceTrigger(since=name):
            return (name,)
    return ()


def of_event(rule: Rule, event: Event, *, first: bool, root: UUID | None) -> Occasion | None:
    """What an event is to a rule; None for nothing. `root` is the customer whose event it is, `first` whether they
    have had none of this name before."""
    match rule.trigger:
        case EventTrigger() as trigger:
            if event.name != trigger.event or (trigger.first and not first):
                return None
            if not all(_holds(condition, event.payload) for condition in trigger.where):
                return None
            delay = timedelta(days=trigger.delay_days, hours=trigger.delay_hours)
        case SilenceTrigger() as silence:
            if event.name != silence.since:
                return None
            delay = timedelta(days=silence.days)
        case _:
            return None
    if root is None and rule.per == "customer":
        return None
    return Occasion(
        rule=rule.code,
        subject=f"customer:{root}" if rule.per == "customer" else event.subject,
        key=f"event:{event.id}",
        customer_id=root,
        about=event.subject,
        happened_at=event.occurred_at,
        due_at=event.occurred_at + delay,
    )


def _holds(condition: FieldCondition, payload: Mapping[str, object]) -> bool:
    value = payload.get(condition.field)
    if condition.op in ("above", "below"):
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        limit = int(condition.value)
        return value > limit if condition.op == "above" else value < limit
    if isinstance(value, list):
        inside = condition.value in [payload_value(one) for one in value]
        return inside if condition.op == "is" else not inside
    same = payload_value(value) == condition.value
    return same if condition.op == "is" else not same


class Ordered(msgspec.Struct, frozen=True):
    """An order as its customer's rhythm sees it."""

    order_id: UUID
    at: datetime


def usual_gap(orders: Sequence[Ordered]) -> timedelta | None:
    """The median gap between orders, the first first; None for fewer than three."""
    if len(orders) < FEWEST_ORDERS:
        return None
    gaps = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(orders)]
    return timedelta(seconds=median(gaps))


def of_rhythm(
    rule: Rule, customer_id: UUID, orders: Sequence[Ordered], *, since: datetime, until: datetime
) -> list[Occasion]:
    """Each time between `since` and `until` at which a customer had been silent for too long, by what was known then.

    `orders` are all of theirs, the first first.
    """
    trigger = rule.trigger
    assert isinstance(trigger, RhythmTrigger)
    found = []
    for number in range(FEWEST_ORDERS, len(orders) + 1):
        gap = usual_gap(orders[:number])
        last, following = orders[number - 1], orders[number] if number < len(orders) else None
        if gap is None or gap <= timedelta(0):
            continue
        silent_at = last.at + gap * trigger.times
        if since <= silent_at <= until and (following is None or following.at > silent_at):
            found.append(
                Occasion(
                    rule=rule.code,
                    subject=f"customer:{customer_id}" if rule.per == "customer" else f"order:{last.order_id}",
                    key=f"order:{last.order_id}",
                    customer_id=customer_id,
                    about=f"customer:{customer_id}",
                    happened_at=last.at,
                    due_at=silent_at,
                )
            )
    return found


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that was to come by a day."""

    payment_id: UUID
    order_id: UUID
    customer_id: UUID | None
    due_on: date


def of_debt(rule: Rule, debt: Debt) -> Occasion | None:
    """When a debt is late enough for a rule."""
    trigger = rule.trigger
    assert isinstance(trigger, OverdueTrigger)
    if debt.customer_id is None and rule.per == "customer":
        return None
    return Occasion(
        rule=rule.code,
        subject=f"customer:{debt.customer_id}" if rule.per == "customer" else f"payment:{debt.payment_id}",
        key=f"payment:{debt.payment_id}",
        customer_id=debt.customer_id,
        about=f"order:{debt.order_id}",
        happened_at=_morning(debt.due_on),
        due_at=_morning(debt.due_on + timedelta(days=trigger.days)),
    )


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A product that a customer owns, and the day of its next service."""

    owned_id: UUID
    customer_id: UUID
    next_service_on: date


def of_machine(rule: Rule, machine: Machine) -> Occasion:
    """When a service comes near enough for a rule."""
    trigger = rule.trigger
    assert isinstance(trigger, ServiceTrigger)
    due = _morning(machine.next_service_on - timedelta(days=trigger.days))
    return Occasion(
        rule=rule.code,
        subject=f"customer:{machine.customer_id}" if rule.per == "customer" else f"owned:{machine.owned_id}",
        key=f"service:{machine.owned_id}:{machine.next_service_on.isoformat()}",
        customer_id=machine.customer_id,
        about=f"owned:{machine.owned_id}",
        happened_at=due,
        due_at=due,
    )


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(6), tzinfo=UTC)
