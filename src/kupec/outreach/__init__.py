"""Speaking first: the letters that follow what happens in the shop, and messages under a policy."""

from kupec.outreach.bounces import BouncedAddress, bounced_addresses, lift_bounce, read_bounces, take_bounce
from kupec.outreach.event_messages import message_subscriber, write_event_messages
from kupec.outreach.events import MailBounced, MailSent, MessageWithheld
from kupec.outreach.letters import Letter, Sender, order_confirmation, parcel_shipped
from kupec.outreach.mails import Mail, MailState, get_mail, list_mails, retry_mail, subscriber, write_mails
from kupec.outreach.message_letter import Said, Value, message_letter
from kupec.outreach.message_templates import (
    PURPOSES,
    TEMPLATES,
    MailWords,
    Template,
    Templates,
    is_active,
    purpose_of,
    words_of,
)
from kupec.outreach.messages import Message, Written, send_message, send_messages
from kupec.outreach.own_words import OURS, our_words, variables_of
from kupec.outreach.policy import POLICY, Policy
from kupec.outreach.privacy import privacy_part
from kupec.outreach.privacy_mails import privacy_subscriber
from kupec.outreach.rules import EVENTS as RULE_EVENTS
from kupec.outreach.rules import OPERATORS as RULE_OPERATORS
from kupec.outreach.rules import (
    RULES,
    Acting,
    Action,
    DryRun,
    EventTrigger,
    FieldCondition,
    MessageAction,
    OverdueTrigger,
    RhythmTrigger,
    Rule,
    RuleDue,
    RuleFired,
    Rules,
    ServiceTrigger,
    SilenceTrigger,
    TaskAction,
    Trigger,
    Who,
    dry_run,
    fire_rules,
    rule_counts,
    rule_dues,
    rule_errors,
    rule_history,
    rules_subscriber,
    try_again,
    watch_rules,
)
from kupec.outreach.rules import Place as RulePlace
from kupec.outreach.samples import Sample, sample_letter, sample_of, send_test
from kupec.outreach.sending import job, release_held
from kupec.outreach.sign_in_mail import sign_in_mail_job
from kupec.outreach.silence import write_dormant, write_left_carts
from kupec.outreach.task_mails import task_subscriber
from kupec.outreach.way_out import Unsubscribing, unsubscribe, unsubscribing
from kupec.outreach.what_was_said import Asked, journal, kinds_written
from kupec.outreach.wording import LETTERS, VARIABLES, Letters, Wording

__all__ = [
    "LETTERS",
    "OURS",
    "POLICY",
    "PURPOSES",
    "RULES",
    "RULE_EVENTS",
    "RULE_OPERATORS",
    "TEMPLATES",
    "VARIABLES",
    "Acting",
    "Action",
    "Asked",
    "BouncedAddress",
    "DryRun",
    "EventTrigger",
    "FieldCondition",
    "Letter",
    "Letters",
    "Mail",
    "MailBounced",
    "MailSent",
    "MailState",
    "MailWords",
    "Message",
    "MessageAction",
    "MessageWithheld",
    "OverdueTrigger",
    "Policy",
    "RhythmTrigger",
    "Rule",
    "RuleDue",
    "RuleFired",
    "RulePlace",
    "Rules",
    "Said",
    "Sample",
    "Sender",
    "ServiceTrigger",
    "SilenceTrigger",
    "TaskAction",
    "Template",
    "Templates",
    "Trigger",
    "Unsubscribing",
    "Value",
    "Who",
    "Wording",
    "Written",
    "bounced_addresses",
    "dry_run",
    "fire_rules",
    "get_mail",
    "is_active",
    "job",
    "journal",
    "kinds_written",
    "lift_bounce",
    "list_mails",
    "message_letter",
    "message_subscriber",
    "order_confirmation",
    "our_words",
    "parcel_shipped",
    "privacy_part",
    "privacy_subscriber",
    "purpose_of",
    "read_bounces",
    "release_held",
    "retry_mail",
    "rule_counts",
    "rule_dues",
    "rule_errors",
    "rule_history",
    "rules_subscriber",
    "sample_letter",
    "sample_of",
    "send_message",
    "send_messages",
    "send_test",
    "sign_in_mail_job",
    "subscriber",
    "take_bounce",
    "task_subscriber",
    "try_again",
    "unsubscribe",
    "unsubscribing",
    "variables_of",
    "watch_rules",
    "words_of",
    "write_dormant",
    "write_event_messages",
    "write_left_carts",
    "write_mails",
]
