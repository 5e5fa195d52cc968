"""Speaking first: the letters that follow what happens in the shop, and messages under a policy."""

from kupec.outreach.bounces import BouncedAddress, bounced_addresses, lift_bounce, read_bounces, take_bounce
from kupec.outreach.events import MailBounced, MailSent, MessageWithheld
from kupec.outreach.letters import Letter, Sender, order_confirmation, parcel_shipped
from kupec.outreach.mails import Mail, get_mail, list_mails, retry_mail, subscriber, write_mails
from kupec.outreach.message_letter import Said, Value, message_letter
from kupec.outreach.message_templates import TEMPLATES, Template, Templates, Text, purpose_of, words_of
from kupec.outreach.messages import Message, Written, send_message, send_messages
from kupec.outreach.our_words import OURS, our_words, variables_of
from kupec.outreach.policy import POLICY, Policy
from kupec.outreach.sending import job, release_held
from kupec.outreach.wording import LETTERS, VARIABLES, Letters, Wording

__all__ = [
    "LETTERS",
    "OURS",
    "POLICY",
    "TEMPLATES",
    "VARIABLES",
    "BouncedAddress",
    "Letter",
    "Letters",
    "Mail",
    "MailBounced",
    "MailSent",
    "Message",
    "MessageWithheld",
    "Policy",
    "Said",
    "Sender",
    "Template",
    "Templates",
    "Text",
    "Value",
    "Wording",
    "Written",
    "bounced_addresses",
    "get_mail",
    "job",
    "lift_bounce",
    "list_mails",
    "message_letter",
    "order_confirmation",
    "our_words",
    "parcel_shipped",
    "purpose_of",
    "read_bounces",
    "release_held",
    "retry_mail",
    "send_message",
    "send_messages",
    "subscriber",
    "take_bounce",
    "variables_of",
    "words_of",
    "write_mails",
]
