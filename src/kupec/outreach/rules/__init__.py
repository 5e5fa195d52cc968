"""Rules: when this happens, or when nothing happens for too long, do that. Why so: docs/algorithms/rules.md."""

from kupec.outreach.rules.document import RULES
from kupec.outreach.rules.events import RuleFired
from kupec.outreach.rules.firing import (
    Place,
    RuleDue,
    fire_rules,
    rule_counts,
    rule_dues,
    rule_errors,
    rule_history,
    try_again,
)
from kupec.outreach.rules.models import (
    EVENTS,
    OPERATORS,
    Action,
    EventTrigger,
    FieldCondition,
    MessageAction,
    OverdueTrigger,
    RhythmTrigger,
    Rule,
    Rules,
    ServiceTrigger,
    SilenceTrigger,
    TaskAction,
    Trigger,
    Who,
)
from kupec.outreach.rules.noting import rules_subscriber
from kupec.outreach.rules.trying import Acting, DryRun, dry_run
from kupec.outreach.rules.watching import watch_rules

__all__ = [
    "EVENTS",
    "OPERATORS",
    "RULES",
    "Acting",
    "Action",
    "DryRun",
    "EventTrigger",
    "FieldCondition",
    "MessageAction",
    "OverdueTrigger",
    "Place",
    "RhythmTrigger",
    "Rule",
    "RuleDue",
    "RuleFired",
    "Rules",
    "ServiceTrigger",
    "SilenceTrigger",
    "TaskAction",
    "Trigger",
    "Who",
    "dry_run",
    "fire_rules",
    "rule_counts",
    "rule_dues",
    "rule_errors",
    "rule_history",
    "rules_subscriber",
    "try_again",
    "watch_rules",
]
