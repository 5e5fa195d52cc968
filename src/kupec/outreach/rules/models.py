"""The RULES document: what a rule waits for, whom it means, what it does."""

import re
from collections.abc import Iterator
from typing import Any, Literal
from uuid import UUID

import msgspec

from kupec.customers import PRIORITIES, Priority
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _

LONGEST_DELAY = 730
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
Operator = Literal["is", "is_not", "above", "below"]
OPERATORS: tuple[Operator, ...] = ("is", "is_not", "above", "below")


class FieldCondition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a figure or code in the event's payload must be. Money is in minor units."""

    field: str
    op: Operator = "is"
    value: str


class EventTrigger(
    msgspec.Struct, tag="event", tag_field="kind", frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """So many days and hours after something happened, unless something else has happened to the same thing."""

    event: str
    where: list[FieldCondition] = []
    first: bool = False
    """Only the first such event of a customer, imported history counted."""
    delay_days: int = 0
    delay_hours: int = 0
    unless: list[str] = []


class SilenceTrigger(
    msgspec.Struct, tag="silence", tag_field="kind", frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """So many days after `since`, when the customer's `without` has not happened by then."""

    since: str
    without: str
    days: int


class RhythmTrigger(
    msgspec.Struct, tag="rhythm", tag_field="kind", frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """A customer has not ordered for so many times their usual rhythm: docs/algorithms/rules.md."""

    times: float = 2.0


class ServiceTrigger(
    msgspec.Struct, tag="service", tag_field="kind", frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """So many days before the service of an owned product is due."""

    days: int = 14


class OverdueTrigger(
    msgspec.Struct, tag="overdue", tag_field="kind", frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """So many days after what was to be paid later should have come, and has not."""

    days: int = 14


Trigger = EventTrigger | SilenceTrigger | RhythmTrigger | ServiceTrigger | OverdueTrigger


class Who(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom the rule means; nothing named: everybody. Of a list, any one will do."""

    segments: list[str] = []
    markets: list[str] = []
    languages: list[str] = []
    kind: Literal["", "person", "organisation"] = ""
    consent: str = ""
    """The code of a purpose that the customer has consented to."""

    @property
    def anybody(self) -> bool:
        return self == Who()


class TaskAction(msgspec.Struct, tag="task", tag_field="kind", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task about the customer, due so many days later (`working_days`: only those count) at a time of day."""

    title: str
    assignee_id: UUID | None = None
    team_id: UUID | None = None
    priority: Priority = "normal"
    due_days: int = 1
    working_days: bool = True
    at: str = "10:00"
    remind_before: list[int] = msgspec.field(default_factory=lambda: [60])


class MessageAction(
    msgspec.Struct, tag="message", tag_field="kind", frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """A message to the customer, under the sending policy. Empty `purpose`: the template's own."""

    template: str
    purpose: str = ""


Action = TaskAction | MessageAction


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule. It acts once for each customer (or each thing, `per`), or again after `again_days` at the earliest."""

    code: str
    name: str
    active: bool = False
    trigger: Trigger
    who: Who = Who()
    action: Action
    per: Literal["customer", "thing"] = "customer"
    again_days: int | None = None


def default_rules() -> list[Rule]:
    """What the shop comes with: examples that work, switched off."""
    return [
        Rule(
            code="first-delivery",
            name=_("10 days after the first delivery, call"),
            trigger=EventTrigger(event="order.delivered", first=True, delay_days=10),
            action=TaskAction(title=_("Call: is everything all right after the first delivery?")),
        ),
        Rule(
            code="standing-failed",
            name=_("A standing order failed"),
            trigger=EventTrigger(event="occurrence.failed", unless=["occurrence.placed"]),
            action=TaskAction(title=_("Settle a failed standing order"), priority="high", due_days=1),
            per="thing",
            again_days=7,
        ),
        Rule(
            code="overdue-14",
            name=_("An invoice is 14 days overdue"),
            trigger=OverdueTrigger(days=14),
            action=TaskAction(title=_("Call about an unpaid invoice"), priority="high"),
            per="thing",
        ),
        Rule(
            code="no-order",
            name=_("Has not ordered for twice the usual rhythm"),
            trigger=RhythmTrigger(times=2.0),
            action=TaskAction(title=_("Call about the next order"), due_days=3),
            again_days=90,
        ),
        Rule(
            code="service-due",
            name=_("The service of an owned machine is due in two weeks"),
            trigger=ServiceTrigger(days=14),
            action=TaskAction(title=_("Agree on a date for the service"), due_days=5),
            per="thing",
            again_days=60,
        ),
    ]


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document."""

    rules: list[Rule] = msgspec.field(default_factory=default_rules)


def check_rules(document: Rules) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them, by path."""
    found: dict[str, str] = {}
    codes: set[str] = set()
    for index, rule in enumerate(document.rules):
        for path, expected in (*_of_rule(rule), *_of_trigger(rule.trigger), *_of_action(rule.action)):
            found.setdefault(f"rules[{index}].{path}", expected)
        if rule.code in codes:
            found.setdefault(f"rules[{index}].code", _("a code that no other rule has"))
        codes.add(rule.code)
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


Fault = tuple[str, str]


def _of_rule(rule: Rule) -> Iterator[Fault]:
    if not _CODE.fullmatch(rule.code) or rule.code == "new":
        yield "code", _("small letters, digits, - and _")
    if not 0 < len(rule.name.strip()) <= 120:
        yield "name", _("a name of at most 120 characters")
    if rule.again_days is not None and not 1 <= rule.again_days <= LONGEST_DELAY:
        yield "again_days", _("from 1 to 730 days, or nothing for once")


def _of_trigger(trigger: Trigger) -> Iterator[Fault]:
    match trigger:
        case EventTrigger():
            if trigger.event not in EVENTS:
                yield "trigger.event", _("one of the events that rules may wait for")
            if not 0 <= trigger.delay_days <= LONGEST_DELAY:
                yield "trigger.delay_days", _("from 0 to 730 days")
            if not 0 <= trigger.delay_hours < 24:
                yield "trigger.delay_hours", _("from 0 to 23 hours")
            for index, condition in enumerate(trigger.where):
                if not condition.field or (condition.op in ("above", "below") and not _is_number(condition.value)):
                    yield f"trigger.where[{index}]", _("a field, and a number where one compares")
        case SilenceTrigger():
            for field in ("since", "without"):
                if getattr(trigger, field) not in EVENTS:
                    yield f"trigger.{field}", _("one of the events that rules may wait for")
            if not 1 <= trigger.days <= LONGEST_DELAY:
                yield "trigger.days", _("from 1 to 730 days")
        case RhythmTrigger():
            if not 1 <= trigger.times <= 20:
                yield "trigger.times", _("from 1 to 20 times")
        case ServiceTrigger() | OverdueTrigger():
            if not 0 <= trigger.days <= LONGEST_DELAY:
                yield "trigger.days", _("from 0 to 730 days")


def _of_action(action: Action) -> Iterator[Fault]:
    if isinstance(action, MessageAction):
        if not action.template:
            yield "action.template", _("the template of a message")
        return
    if not 0 < len(action.title.strip()) <= 200:
        yield "action.title", _("what is to be done, in at most 200 characters")
    if action.assignee_id is not None and action.team_id is not None:
        yield "action.assignee_id", _("a person or a team, not both")
    if action.priority not in PRIORITIES:
        yield "action.priority", ", ".join(PRIORITIES)
    if not 0 <= action.due_days <= 365:
        yield "action.due_days", _("from 0 to 365 days")
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", action.at):
        yield "action.at", _("a time such as 09:00")
    if len(action.remind_before) > 5 or any(not 0 <= minutes <= 60 * 24 * 60 for minutes in action.remind_before):
        yield "action.remind_before", _("at most five reminders, none earlier than sixty days")


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and text.isascii()


def payload_value(value: Any) -> str:
    """A payload's value as a condition compares it: plain words, no accent on types."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


EVENTS: tuple[str, ...] = (
    "customer.created",
    "customer.signed_in",
    "cart.created",
    "checkout.abandoned",
    "order.placed",
    "order.shipped",
    "order.delivered",
    "order.cancelled",
    "order.refunded",
    "parcel.late",
    "payment.failed",
    "payment.overdue",
    "payment.captured",
    "payment.dunned",
    "invoice.issued",
    "return.requested",
    "return.received",
    "return.closed",
    "review.written",
    "product.liked",
    "interaction.logged",
    "visit.started",
    "task.done",
    "consent.given",
    "consent.withdrawn",
    "owned.added",
    "service.due",
    "service.booked",
    "standing.started",
    "standing.paused",
    "standing.ended",
    "occurrence.failed",
    "occurrence.placed",
    "occurrence.short",
    "occurrence.missed",
    "approval.declined",
    "mail.bounced",
)
"""What a rule may wait for."""
