"""What happens in conversations, in sentences, and its icons and codes."""

from collections.abc import Callable
from typing import Any, Final

from kupec.kit.i18n import mark as _

CONVERSATION_SENTENCES: Final = {
    "conversation.started": _("A conversation began"),
    "message.received": _("The customer wrote"),
    "message.written": _("Written to the customer"),
    "message.written:bot": _("The assistant answered"),
    "message.moved": _("A message went on: {state}"),
    "message.moved:sent": _("A message was sent"),
    "message.moved:delivered": _("A message was delivered"),
    "message.moved:read": _("A message was read"),
    "message.moved:failed": _("A message could not be sent"),
    "message.moved:withdrawn": _("A prepared answer of the assistant was withdrawn"),
    "conversation.noted": _("A private note in a conversation"),
    "conversation.handed_over": _("Handed over to people: {reason}"),
    "conversation.taken_over": _("A person took the conversation over"),
    "conversation.handed_back": _("The assistant goes on with the conversation"),
    "conversation.assigned": _("The conversation was assigned"),
    "conversation.assigned:routing": _("The conversation was assigned by itself"),
    "conversation.assigned:nobody": _("The conversation is nobody's again"),
    "conversation.snoozed": _("The conversation was put off until {until}"),
    "conversation.marked": _("It became known what the conversation is about: {skills}"),
    "conversation.resolved": _("The conversation was resolved"),
    "conversation.reopened": _("The conversation was opened again"),
    "conversation.merged": _("The conversation was put together with another"),
    "conversation.split": _("A part of the conversation became one of its own"),
    "conversation.overdue": _("The customer has waited for a person longer than they should"),
    "conversation.woken": _("The conversation is back: the time it was put off for is over"),
    "conversation.merge_undone": _("The conversation was taken apart again"),
    "conversation.mentioned": _("Somebody was called to the conversation"),
    "conversation.emptied": _("What was said in an old conversation was deleted"),
    "survey.asked": _("Asked for a rating"),
    "availability.changed": _("Takes conversations: {state}"),
    "inbox.added": _("A channel was set up"),
    "inbox.changed": _("A channel was changed"),
    "canned_reply.changed": _("A ready-made reply was changed"),
    "playbook.changed": _("A playbook was changed"),
    "practice.finished": _("Practised a playbook"),
    "survey.answered": _("Rated the conversation: {score} of 5"),
    "survey.answered:nps": _("Would recommend us: {score} of 10"),
}

CONVERSATION_VARIANTS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "message.written": lambda payload: ":bot" if payload.get("by") == "bot" else "",
    "message.moved": lambda payload: (
        f":{payload['state']}" if payload.get("state") in ("sent", "delivered", "read", "failed", "withdrawn") else ""
    ),
    "conversation.assigned": lambda payload: (
        ":nobody"
        if not payload.get("staff_id") and not payload.get("team_id")
        else ":routing"
        if payload.get("how") == "routing"
        else ""
    ),
    "survey.answered": lambda payload: ":nps" if payload.get("survey") == "nps" else "",
}

CONVERSATION_ICONS: Final = {
    "conversation": "chat",
    "conversation.noted": "note",
    "conversation.handed_over": "users",
    "conversation.taken_over": "user",
    "conversation.handed_back": "robot",
    "conversation.assigned": "user",
    "conversation.snoozed": "clock",
    "conversation.marked": "tag",
    "conversation.resolved": "check",
    "conversation.reopened": "undo",
    "conversation.overdue": "alert",
    "message.received": "chat",
    "message.written": "chat",
    "message.written:bot": "robot",
    "message.moved": "check",
    "survey": "star",
    "availability": "user",
    "inbox": "inbox",
    "canned_reply": "chat",
    "playbook": "list",
    "practice": "list",
}

CONVERSATION_CODES: Final = {
    "handover.asked": _("the customer asked for a person"),
    "handover.button": _("the customer asked for a person"),
    "handover.misunderstood": _("the assistant did not understand"),
    "handover.anger": _("the customer is upset"),
    "handover.value": _("much is at stake"),
    "handover.sensitive": _("a sensitive matter"),
    "handover.policy": _("people answer such questions"),
    "handover.error": _("something did not work"),
    "handover.person": _("a person took it"),
}
"""Why a conversation came to people."""

STATE_WORDS: Final = {
    "open": _("open"),
    "snoozed": _("put off"),
    "resolved": _("resolved"),
    "merged": _("put together with another"),
}
DELIVERY_WORDS: Final = {
    "queued": _("waits to be sent"),
    "sending": _("is being sent"),
    "sent": _("sent"),
    "delivered": _("delivered"),
    "read": _("read"),
    "failed": _("not sent"),
    "withdrawn": _("withdrawn"),
}
CHANNEL_WORDS: Final = {
    "web": _("chat on the web"),
    "email": _("e-mail"),
    "telegram": _("Telegram"),
    "phone": _("phone"),
    "counter": _("counter"),
}
CHANNEL_ICONS: Final = {"web": "chat", "email": "mail", "telegram": "share", "phone": "phone", "counter": "home"}

ACTIVITY_WORDS: Final = {
    "handed_over": _("Handed over to people"),
    "taken_over": _("{name} took over"),
    "handed_back": _("{name} handed back to the assistant"),
    "assigned": _("{name} assigned it to {whom}"),
    "assigned_team": _("{name} assigned it to the team {whom}"),
    "unassigned": _("{name} gave it up: nobody has it"),
    "routed": _("Assigned by itself to {whom}"),
    "snoozed": _("{name} put it off until {until}"),
    "woken": _("The time it was put off for is over"),
    "resolved": _("{name} resolved it"),
    "reopened": _("Opened again"),
    "merged": _("Conversation no. {number} was put together with this one"),
    "merge_undone": _("Conversation no. {number} was taken out again"),
    "split_off": _("A part became a conversation of its own: no. {number}"),
    "split_from": _("This was a part of conversation no. {number}"),
    "overdue": _("The customer waits longer than they should"),
    "rated": _("The customer gave a rating: {score}"),
    "survey_asked": _("The customer was asked for a rating"),
    "spoken_started": _("A call or a visit began"),
    "spoken_ended": _("The call or the visit is over"),
}
"""Lines between messages, by their codes."""
