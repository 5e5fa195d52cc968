"""One rule as a merchant writes it: fields of a form into the document, and back."""

import re
from typing import Any

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.outreach import (
    EventTrigger,
    MessageAction,
    OverdueTrigger,
    RhythmTrigger,
    Rule,
    ServiceTrigger,
    SilenceTrigger,
    TaskAction,
)
from kupec.web.forms import Form

CONDITIONS = 2
"""Rows of conditions that the form offers; a rule that has more keeps them as text."""
_PATH = re.compile(r"rules\[\d+\]\.?(.*)")
_NUMBERS = ("delay_days", "delay_hours", "silence_days", "service_days", "overdue_days", "due_days", "again_days")
# Where a fault of the document stands in the form.
_PLACES = {
    "trigger.event": "event",
    "trigger.delay_days": "delay_days",
    "trigger.delay_hours": "delay_hours",
    "trigger.since": "since",
    "trigger.without": "without",
    "trigger.times": "times",
    "action.title": "title",
    "action.assignee_id": "assignee",
    "action.priority": "priority",
    "action.due_days": "due_days",
    "action.at": "at",
    "action.remind_before": "remind",
    "action.template": "template",
}


def blank_rule() -> Rule:
    """What a new rule begins as."""
    return Rule(code="", name="", trigger=EventTrigger(event="order.delivered"), action=TaskAction(title=""))


def shown_rule(rule: Rule) -> dict[str, Any]:
    """What stands in the fields for a rule; lists for checkboxes."""
    trigger, action, who = rule.trigger, rule.action, rule.who
    values: dict[str, Any] = {
        "code": rule.code,
        "name": rule.name,
        "active": rule.active,
        "kind": trigger.__struct_config__.tag,
        "event": "order.delivered",
        "first": False,
        "delay_days": "0",
        "delay_hours": "0",
        "unless": [],
        "since": "order.delivered",
        "without": "review.written",
        "silence_days": "10",
        "times": "2",
        "service_days": "14",
        "overdue_days": "14",
        "segments": ", ".join(who.segments),
        "markets": list(who.markets),
        "languages": list(who.languages),
        "who_kind": who.kind,
        "consent": who.consent,
        "do_what": action.__struct_config__.tag,
        "title": "",
        "assignee": "",
        "priority": "normal",
        "due_days": "1",
        "working_days": True,
        "at": "10:00",
        "remind": ["60"],
        "template": "",
        "purpose": "",
        "per": rule.per,
        "again_days": str(rule.again_days or ""),
        **{f"where.{row}.{part}": "" for row in range(CONDITIONS) for part in ("field", "op", "value")},
    }
    return values | _trigger_fields(rule) | _action_fields(rule)


def _trigger_fields(rule: Rule) -> dict[str, Any]:
    match rule.trigger:
        case EventTrigger() as trigger:
            fields: dict[str, Any] = {
                "event": trigger.event,
                "first": trigger.first,
                "delay_days": str(trigger.delay_days),
                "delay_hours": str(trigger.delay_hours),
                "unless": list(trigger.unless),
            }
            for row, condition in enumerate(trigger.where[:CONDITIONS]):
                fields |= {f"where.{row}.{part}": getattr(condition, part) for part in ("field", "op", "value")}
            return fields
        case SilenceTrigger() as silence:
            return {"since": silence.since, "without": silence.without, "silence_days": str(silence.days)}
        case RhythmTrigger(times=times):
            return {"times": f"{times:g}"}
        case ServiceTrigger(days=days):
            return {"service_days": str(days)}
        case OverdueTrigger(days=days):
            return {"overdue_days": str(days)}


def _action_fields(rule: Rule) -> dict[str, Any]:
    action = rule.action
    if isinstance(action, MessageAction):
        return {"template": action.template, "purpose": action.purpose}
    person = f"staff:{action.assignee_id}" if action.assignee_id else ""
    return {
        "title": action.title,
        "assignee": f"team:{action.team_id}" if action.team_id else person,
        "priority": action.priority,
        "due_days": str(action.due_days),
        "working_days": action.working_days,
        "at": action.at,
        "remind": [str(minutes) for minutes in action.remind_before],
    }


def read_rule(form: Form, faults: dict[str, str]) -> dict[str, Any]:
    """The rule of a form as plain values; what cannot be read stands in `faults` by field."""
    numbers = {field: _whole(form, field, faults) for field in _NUMBERS}
    kind = form.text("kind")
    return {
        "code": form.text("code", most=100),
        "name": form.text("name", most=500),
        "active": "active" in form,
        "trigger": _trigger(form, kind, numbers, faults),
        "who": {
            "segments": [part.strip() for part in form.text("segments", most=1000).split(",") if part.strip()],
            "markets": form.all("markets"),
            "languages": form.all("languages"),
            "kind": form.text("who_kind"),
            "consent": form.text("consent"),
        },
        "action": _action(form, numbers),
        "per": form.text("per") or "customer",
        "again_days": numbers["again_days"] if form.text("again_days") else None,
    }


def _trigger(form: Form, kind: str, numbers: dict[str, int], faults: dict[str, str]) -> dict[str, Any]:
    match kind:
        case "silence":
            since, without = form.text("since"), form.text("without")
            return {"kind": kind, "since": since, "without": without, "days": numbers["silence_days"]}
        case "rhythm":
            return {"kind": kind, "times": _times(form, faults)}
        case "service":
            return {"kind": kind, "days": numbers["service_days"]}
        case "overdue":
            return {"kind": kind, "days": numbers["overdue_days"]}
    where = [
        {
            "field": form.text(f"where.{row}.field"),
            "op": form.text(f"where.{row}.op") or "is",
            "value": form.text(f"where.{row}.value"),
        }
        for row in range(CONDITIONS)
        if form.text(f"where.{row}.field") or form.text(f"where.{row}.value")
    ]
    return {
        "kind": kind or "event",
        "event": form.text("event"),
        "where": where,
        "first": "first" in form,
        "delay_days": numbers["delay_days"],
        "delay_hours": numbers["delay_hours"],
        "unless": [name for name in form.all("unless") if name],
    }


def _action(form: Form, numbers: dict[str, int]) -> dict[str, Any]:
    if form.text("do_what") == "message":
        return {"kind": "message", "template": form.text("template"), "purpose": form.text("purpose")}
    kind, _sign, key = form.text("assignee").partition(":")
    return {
        "kind": "task",
        "title": form.text("title", most=500),
        "assignee_id": key if kind == "staff" else None,
        "team_id": key if kind == "team" else None,
        "priority": form.text("priority") or "normal",
        "due_days": numbers["due_days"],
        "working_days": "working_days" in form,
        "at": form.text("at"),
        "remind_before": [int(text) for text in form.all("remind") if text.isascii() and text.isdigit()][:10],
    }


def _whole(form: Form, field: str, faults: dict[str, str]) -> int:
    try:
        return form.whole(field, least=0, most=9999, default=0)
    except InvalidValue:
        faults[field] = _("a whole number")
        return 0


def _times(form: Form, faults: dict[str, str]) -> float:
    try:
        return float(form.text("times").replace(",", "."))
    except ValueError:
        faults["times"] = _("from 1 to 20 times")
        return 2.0


def in_the_form(path: str, kind: str) -> str:
    """The field of the form for a fault of the document."""
    found = _PATH.fullmatch(path)
    inner = found[1] if found else path
    if inner == "trigger.days":
        return f"{kind}_days"
    if inner.startswith("trigger.where["):
        return f"where.{inner[len('trigger.where[')]}.value"
    return _PLACES.get(inner, inner.partition(".")[2] if inner.startswith(("action.", "trigger.")) else inner) or "name"


def rule_of(raw: dict[str, Any]) -> Rule:
    """Raises msgspec.ValidationError."""
    return msgspec.convert(raw, Rule)
