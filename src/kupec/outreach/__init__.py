"""Speaking first: the letters that follow what happens in the shop, and messages under a policy."""

from kupec.outreach.bounces import BouncedAddress, bounced_addresses, lift_bounce, read_bounces, take_bounce
from kupec.outreach.events import MailBounced, MailSent, MessageWithheld
from kupec.outreach.journal import Asked, journal, kinds_written
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
from kupec.outreach.our_words import OURS, our_words, variables_of
from kupec.outreach.policy import POLICY, Policy
from kupec.outreach.privacy import privacy_part
from kupec.outreach.samples import Sample, sample_letter, sample_of, send_test
from kupec.outreach.sending import job, release_held
from kupec.outreach.sign_in_mail import sign_in_mail_job
from kupec.outreach.task_mails import task_subscriber
from kupec.outreach.unsubscribing import Unsubscribing, unsubscribe, unsubscribing
from kupec.outreach.wording import LETTERS, VARIABLES, Letters, Wording

__all__ = [
    "LETTERS",
    "OURS",
    "POLICY",
    "PURPOSES",
    "TEMPLATES",
    "VARIABLES",
    "Asked",
    "BouncedAddress",
    "Letter",
    "Letters",
    "Mail",
    "MailBounced",
    "MailSent",
    "MailState",
    "MailWords",
    "Message",
    "MessageWithheld",
    "Policy",
    "Said",
    "Sample",
    "Sender",
    "Template",
    "Templates",
    "Unsubscribing",
    "Value",
    "Wording",
    "Written",
    "bounced_addresses",
    "get_mail",
    "is_active",
    "job",
    "journal",
    "kinds_written",
    "lift_bounce",
    "list_mails",
    "message_letter",
    "order_confirmation",
    "our_words",
    "parcel_shipped",
    "privacy_part",
    "purpose_of",
    "read_bounces",
    "release_held",
    "retry_mail",
    "sample_letter",
    "sample_of",
    "send_message",
    "send_messages",
    "send_test",
    "sign_in_mail_job",
    "subscriber",
    "take_bounce",
    "task_subscriber",
    "unsubscribe",
    "unsubscribing",
    "variables_of",
    "words_of",
    "write_mails",
]
