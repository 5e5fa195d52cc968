"""Speaking first: the letters that follow what happens in the shop."""

from kupec.outreach.events import MailSent
from kupec.outreach.letters import Letter, Sender, order_confirmation, parcel_shipped
from kupec.outreach.mails import Mail, get_mail, job, list_mails, retry_mail, subscriber, write_mails
from kupec.outreach.wording import LETTERS, VARIABLES, Letters, Wording

__all__ = [
    "LETTERS",
    "VARIABLES",
    "Letter",
    "Letters",
    "Mail",
    "MailSent",
    "Sender",
    "Wording",
    "get_mail",
    "job",
    "list_mails",
    "order_confirmation",
    "parcel_shipped",
    "retry_mail",
    "subscriber",
    "write_mails",
]
