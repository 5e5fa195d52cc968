"""What the settings of conversations are called."""

from typing import Final

from kupec.kit.i18n import mark as _

INBOX_FIELDS: Final = {
    "service_hours.timezone": _("Time zone"),
    "service_hours.country": _("Country whose public holidays are free (empty: none)"),
    "service_hours.days": _("Open, by weekday in English (monday…)"),
    "opens": _("Opens at"),
    "closes": _("Closes at"),
    "closed_on": _("Closed on these days"),
    "target_minutes": _("A person answers within (minutes)"),
    "targets": _("The same by channel or inbox (minutes)"),
    "service_hours.capacity": _("Conversations one person has at once"),
    "busy_minutes": _("A conversation keeps somebody busy after its last word for (minutes)"),
    "overdue_minutes": _("Called out when so many minutes late"),
    "overdue_team": _("Team that is called (its id)"),
    "bot_minutes": _("People are called when the assistant has not answered for (minutes)"),
    "offer_share": _("Chat is offered to so many of a hundred visitors"),
    "chats_per_agent": _("Chats for each person on duty (0: no limit)"),
    "csat_channels": _("Asked for satisfaction in these channels"),
    "csat_after_minutes": _("So many minutes after the conversation was resolved"),
    "csat_question": _("Question about satisfaction (empty: our own words)"),
    "nps_channels": _("Asked for a recommendation in these channels"),
    "nps_after_days": _("So many days after the last conversation"),
    "nps_every_days": _("Nobody is asked again within (days)"),
    "nps_question": _("Question about recommendation (empty: our own words)"),
    "surveys.purpose": _("Purpose of consent that is needed (empty: none)"),
    "link_days": _("The link of a question holds for (days)"),
    "join_days": _("Another channel goes on with a conversation not older than (days)"),
    "reopen_days": _("A resolved conversation is opened again by an answer within (days)"),
    "retry_seconds": _("Pauses before each further attempt to send (seconds)"),
}
