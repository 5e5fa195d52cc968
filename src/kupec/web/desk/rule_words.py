"""Rules in words: what they wait for, whom they mean, what they do, and what became of it."""

from kupec.kit.i18n import mark as _
from kupec.outreach import (
    Action,
    EventTrigger,
    MessageAction,
    OverdueTrigger,
    RhythmTrigger,
    Rule,
    ServiceTrigger,
    SilenceTrigger,
)
from kupec.web.desk.reader import Reader, ngettext
from kupec.web.desk.words import pgettext

KINDS = {
    "event": _("Something happens"),
    "silence": _("Something happens and something else does not follow"),
    "rhythm": _("A customer does not order for longer than usual"),
    "service": _("The service of an owned machine comes near"),
    "overdue": _("What is owed has not come"),
}
EVENT_WORDS = {
    "customer.created": pgettext("event", "became a customer"),
    "customer.signed_in": pgettext("event", "signed in"),
    "cart.created": pgettext("event", "began a cart"),
    "checkout.abandoned": pgettext("event", "left the checkout"),
    "order.placed": pgettext("event", "order placed"),
    "order.shipped": pgettext("event", "parcel left"),
    "order.delivered": pgettext("event", "order delivered"),
    "order.cancelled": pgettext("event", "order cancelled"),
    "order.refunded": pgettext("event", "money given back"),
    "parcel.late": pgettext("event", "parcel late"),
    "payment.failed": pgettext("event", "payment failed"),
    "payment.overdue": pgettext("event", "payment late"),
    "payment.captured": pgettext("event", "paid"),
    "payment.dunned": pgettext("event", "reminded of a debt"),
    "invoice.issued": pgettext("event", "invoice issued"),
    "return.requested": pgettext("event", "return asked for"),
    "return.received": pgettext("event", "return received"),
    "return.closed": pgettext("event", "return settled"),
    "review.written": pgettext("event", "review written"),
    "product.liked": pgettext("event", "product liked"),
    "interaction.logged": pgettext("event", "call, visit or meeting logged"),
    "visit.started": pgettext("event", "visit of the web"),
    "task.done": pgettext("event", "task done"),
    "consent.given": pgettext("event", "consent given"),
    "consent.withdrawn": pgettext("event", "consent withdrawn"),
    "owned.added": pgettext("event", "owned product added"),
    "service.due": pgettext("event", "service due"),
    "service.booked": pgettext("event", "service booked"),
    "standing.started": pgettext("event", "standing order started"),
    "standing.paused": pgettext("event", "standing order paused"),
    "standing.ended": pgettext("event", "standing order ended"),
    "occurrence.failed": pgettext("event", "standing order failed"),
    "occurrence.placed": pgettext("event", "standing order placed"),
    "occurrence.short": pgettext("event", "standing order short of goods"),
    "occurrence.missed": pgettext("event", "standing order missed its day"),
    "approval.declined": pgettext("event", "approval declined"),
    "mail.bounced": pgettext("event", "mail came back"),
}
OPERATOR_WORDS = {
    "is": pgettext("operator", "is"),
    "is_not": pgettext("operator", "is not"),
    "above": pgettext("operator", "above"),
    "below": pgettext("operator", "below"),
}
STATE_WORDS = {
    "waiting": pgettext("rule", "waits"),
    "fired": pgettext("rule", "acted"),
    "dropped": pgettext("rule", "did nothing"),
    "failed": pgettext("rule", "failed"),
}
STATE_TONES = {"fired": "good", "failed": "bad"}
REASON_WORDS = {
    "unpublished": _("the rule no longer holds"),
    "undone": _("the reason is gone"),
    "others": _("the rule means others"),
    "already": _("it has acted already"),
    "consent": _("withheld: no consent"),
    "bounced": _("withheld: the address does not exist"),
    "cap": _("withheld: too many messages"),
    "no_address": _("withheld: no address"),
    "off": _("withheld: the message is switched off"),
    "no_longer": _("withheld: no longer true"),
}


def days_in_words(days: int, reader: Reader) -> str:
    return reader.count(*ngettext("{n} day", "{n} days"), days)


def trigger_in_words(rule: Rule, reader: Reader) -> str:
    """ "10 days after: order delivered (the first)"."""
    match rule.trigger:
        case EventTrigger() as trigger:
            said = reader.word_of("event", EVENT_WORDS.get(trigger.event, trigger.event))
            if trigger.first:
                said = reader.text(_("{event}, for the first time")).format(event=said)
            if trigger.delay_days:
                days = days_in_words(trigger.delay_days, reader)
                said = reader.text(_("{days} after: {event}")).format(days=days, event=said)
            return said
        case SilenceTrigger() as silence:
            return reader.text(_("{days} after: {event}, without: {other}")).format(
                days=days_in_words(silence.days, reader),
                event=reader.word_of("event", EVENT_WORDS.get(silence.since, silence.since)),
                other=reader.word_of("event", EVENT_WORDS.get(silence.without, silence.without)),
            )
        case RhythmTrigger(times=times):
            return reader.text(_("no order for {times} times the usual rhythm")).format(times=f"{times:g}")
        case ServiceTrigger(days=days):
            return reader.text(_("{days} before a service is due")).format(days=days_in_words(days, reader))
        case OverdueTrigger(days=days):
            return reader.text(_("{days} after a payment was due")).format(days=days_in_words(days, reader))


def action_in_words(action: Action, reader: Reader) -> str:
    if isinstance(action, MessageAction):
        return reader.text(_("message: {template}")).format(template=action.template)
    return reader.text(_("task: {title}")).format(title=reader.text(action.title))
