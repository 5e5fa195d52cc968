"""The event log in sentences. A name that has none here is shown as it stands in the log, never hidden."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from kupec.kit.events import Event
from kupec.kit.i18n import mark as _
from kupec.outreach import OURS
from kupec.web.desk.conversation_words import (
    CONVERSATION_CODES,
    CONVERSATION_ICONS,
    CONVERSATION_SENTENCES,
    CONVERSATION_VARIANTS,
)
from kupec.web.desk.device_words import DEVICE_ICONS, DEVICE_SENTENCES
from kupec.web.desk.flow_words import ARTICLE_SENTENCES, ARTICLE_VARIANTS, FLOW_ICONS, FLOW_SENTENCES
from kupec.web.desk.learning_words import LEARNING_ICONS, LEARNING_SENTENCES, LEARNING_VARIANTS
from kupec.web.desk.machine_words import MACHINE_CODES, MACHINE_ICONS, MACHINE_SENTENCES, MACHINE_VARIANTS
from kupec.web.desk.market_words import MARKET_ICONS, MARKET_SENTENCES, MARKET_VARIANTS
from kupec.web.desk.money_words import MONEY_CODES, MONEY_ICONS, MONEY_SENTENCES, MONEY_VARIANTS
from kupec.web.desk.reader import Reader
from kupec.web.desk.replenishment_words import REPLENISHMENT_ICONS, REPLENISHMENT_SENTENCES
from kupec.web.desk.rollout_events import (
    ROLLOUT_CODES,
    ROLLOUT_ICONS,
    ROLLOUT_SENTENCES,
    ROLLOUT_VARIANTS,
    percent,
)
from kupec.web.desk.standing_words import STANDING_CODES, STANDING_ICONS, STANDING_SENTENCES, STANDING_VARIANTS
from kupec.web.desk.story_words import STORY_ICONS, STORY_SENTENCES, STORY_VARIANTS
from kupec.web.desk.supplier_words import SUPPLIER_ICONS, SUPPLIER_SENTENCES

SENTENCES = {
    **STORY_SENTENCES,
    **MONEY_SENTENCES,
    **STANDING_SENTENCES,
    **CONVERSATION_SENTENCES,
    **FLOW_SENTENCES,
    **ARTICLE_SENTENCES,
    **LEARNING_SENTENCES,
    **ROLLOUT_SENTENCES,
    **MARKET_SENTENCES,
    **MACHINE_SENTENCES,
    **DEVICE_SENTENCES,
    **REPLENISHMENT_SENTENCES,
    **SUPPLIER_SENTENCES,
    "cart.created": _("Started a cart"),
    "cart.changed": _("Changed the cart"),
    "cart.cancelled": _("Cancelled the cart"),
    "order.placed": _("Order {number} placed for {total}"),
    "order.picking": _("Picking started"),
    "order.shipped": _("Parcel handed to {carrier}, tracking number {tracking_number}"),
    "order.shipped:untracked": _("Parcel handed to {carrier}"),
    "order.delivered": _("Everything was delivered"),
    "order.delivered:partly": _("A parcel was delivered"),
    "order.cancelled": _("Order {number} cancelled: {reason}"),
    "order.extended": _("Order {number} extended by {total}"),
    "order.split": _("Parcel split: {pieces} pcs leave by themselves"),
    "order.transferred": _("Goods sent to the counter"),
    "order.ready": _("All goods wait at the counter"),
    "order.ready:partly": _("A part of the goods waits at the counter"),
    "order.redirected": _("The order goes to another address"),
    "goodwill.given": _("Given to make up for a mistake: {amount}"),
    "order.rest_cancelled": _("What had not left was cancelled ({pieces} pcs): {reason}"),
    "parcel.tracked": _("Carrier: {state}"),
    "parcel.late": _("A parcel has not arrived on the promised day"),
    "parcel.labelled": _("Label made, number {tracking_number}"),
    "parcel.label_failed": _("The carrier refused to make a label"),
    "parcel.label_failed:unknown": _("It is not known whether the carrier has the parcel"),
    "return.requested": _("Return {number} asked for ({pieces} pcs)"),
    "return.approved": _("Return {number} approved"),
    "return.refused": _("Return {number} refused: {reason}"),
    "return.received": _("Return {number} received: {restocked} to the shelf, {scrapped} scrapped"),
    "return.closed": _("Return {number} settled: {refunded}"),
    "return.recorded": _("Goods returned for {total}"),
    "clock.sent": _("The demo's clock was sent to {to}"),
    "clock.moved": _("The demo's clock took a step"),
    "segment.saved": _("Segment {code} saved: {customers} customers"),
    "segment.removed": _("Segment {code} removed"),
    "line.ignored": _("The line of the statement was put aside"),
    "line.reopened": _("The line of the statement waits again"),
    "task.opened": _("Task opened"),
    "task.done": _("Task done: {outcome}"),
    "task.changed": _("Task changed: {changed}"),
    "task.cancelled": _("Task cancelled"),
    "task.cancelled:passed": _("Task passed over this time"),
    "task.reminded": _("Reminder of a task"),
    "team.changed": _("Team changed"),
    "team.removed": _("Team removed"),
    "rule.fired": _("A rule opened a task"),
    "rule.fired:message": _("A rule wrote a message"),
    "customer.created": _("Became a customer"),
    "customer.changed": _("Details changed"),
    "consent.given": _("Agreed to: {purpose} ({how})"),
    "consent.withdrawn": _("Does not agree to: {purpose} ({how})"),
    "consent.asked": _("Asked to confirm by mail: {purposes}"),
    "coupon.given": _("Coupon {coupon} given in return for a consent"),
    "privacy.requested": _("Asked for: {kind}"),
    "privacy.refused": _("Not carried out: {kind}"),
    "privacy.exported": _("Export of all data made"),
    "privacy.erased": _("Personal data erased"),
    "contact_point.added": _("A way to reach them added: {kind}"),
    "contact_point.verified": _("Proved to be theirs: {kind}"),
    "contact_point.verified:shared": _("Proved, and somebody else's already: {kind}"),
    "contact_point.removed": _("A way to reach them removed: {kind}"),
    "role.given": _("Somebody may act for the organisation: {role}"),
    "role.taken": _("Somebody may no longer act for the organisation: {role}"),
    "note.added": _("Note written"),
    "note.changed": _("Note changed"),
    "note.removed": _("Note removed"),
    "note.seen": _("Notes seen: {count}"),
    "file.added": _("File added"),
    "file.removed": _("File removed"),
    "party.merged": _("Put together with another record: {proof}"),
    "party.unmerged": _("Taken apart from another record"),
    "party.distinct": _("Told apart from another record"),
    "relation.added": _("Relation noted: {kind}"),
    "relation.removed": _("Relation removed: {kind}"),
    "product.created": _("Product created"),
    "product.changed": _("Changed: {changed}"),
    "stock.adjusted": _("Stock changed from {before} to {after}: {reason}"),
    "stock.moved": _("Stock {delta}: {reason}"),
    "stock.moved:noted": _("Stock {delta}: {reason}, {note}"),
    "owned.added": _("A product is theirs"),
    "owned.changed": _("Their product changed: {fields}"),
    "owned.removed": _("A product is not theirs any more"),
    "service.due": _("Service is due on {due_on}"),
    "service.booked": _("Service booked for {day}"),
    "service.booked:moved": _("Service moved from {before} to {day}"),
    "service.cancelled": _("Service on {day} cancelled"),
    "service.done": _("Service done on {day}"),
    "mail.sent": _("Mail sent: {kind}"),
    "mail.bounced": _("A mail came back: {kind} ({code})"),
    "mail.bounced:hard": _("A mail came back, the address does not exist: {kind} ({code})"),
    "message.withheld": _("Message not sent: {kind} ({why})"),
    "review.written": _("Review written, {stars} of 5 stars"),
    "review.published": _("Review published"),
    "review.rejected": _("Review rejected"),
    "review.replied": _("Review answered"),
    "product.liked": _("Likes the product"),
    "product.unliked": _("Does not like the product any more"),
    "product.shared": _("Passed the product on"),
    "document.drafted": _("Version {number} drafted"),
    "document.published": _("Version {number} published"),
    "document.published:back": _("Version {number} published: back to version {back_to}"),
    "coupons.created": _("Coupons made: {count}"),
    "coupon.changed": _("Coupon changed: {what}"),
}

CODES = {
    **MACHINE_CODES,
    **STANDING_CODES,
    **MONEY_CODES,
    **CONVERSATION_CODES,
    **ROLLOUT_CODES,
    "order_is_gone": _("the order does not exist any more"),
    "cancelled": _("the order was cancelled"),
    "expired": _("time ran out"),
    "changed": _("the cart was changed meanwhile"),
    "sold_out": _("the goods were sold out"),
    "imported": _("taken over from another system"),
    "order_confirmation": _("order confirmation"),
    "parcel_shipped": _("the parcel is on its way"),
    "ready_for_collection": _("the goods wait at the counter"),
    "return_requested": _("return asked for"),
    "return_approved": _("return approved"),
    "return_refused": _("return refused"),
    "return_closed": _("return settled"),
    **{code: words.title for code, words in OURS.items()},
    "serial_number": _("serial number"),
    "bought_on": _("day of purchase"),
    "warranty_until": _("warranty"),
    "service_interval_days": _("interval of service"),
    "last_service_on": _("last service"),
    "why.off": _("it is switched off"),
    "why.no_address": _("no e-mail address is known"),
    "why.bounced": _("the address does not exist"),
    "why.consent": _("there is no consent"),
    "why.cap": _("enough was written in these days"),
    "why.no_longer": _("its reason is gone"),
    "goods_in": _("goods in"),
    "count": _("count"),
    "import": _("taken over from a file"),
    "sale": _("sale"),
    "return": _("return"),
    "transfer": _("transfer"),
    "damage": _("damaged"),
    "loss": _("lost"),
    "found": _("found"),
    "use": _("own use"),
    "scrap": _("thrown away"),
    "marketing.email": _("news by e-mail"),
    "marketing.sms": _("news by text message"),
    "marketing.post": _("news by post"),
    "personalisation": _("personal offers"),
    "profiling": _("placing in groups"),
    "sharing": _("sharing with partners"),
    "analytics": _("measuring visits"),
    "checkout": _("in the checkout"),
    "newsletter": _("in the newsletter form"),
    "preferences": _("on the preference page"),
    "by portal": _("in the customer account"),
    "mail": _("by the link in a mail"),
    "verified": _("with a verified address"),
    "unsubscribe": _("by unsubscribing"),
    "chat": _("in a conversation"),
    "visit": _("on the web"),
    "desk": _("at the desk"),
    "consent": _("for a consent"),
    "referral": _("for a recommendation"),
    "spent": _("exchanged"),
    "taken_back": _("taken back with a consent"),
    "export": _("export of data"),
    "erasure": _("erasure of data"),
    "product": _("state and properties"),
    "texts": _("texts"),
    "variants": _("variants"),
    "categories": _("categories"),
    "attributes": _("parameters"),
    "bundles": _("bundle"),
    "relations": _("what it belongs together with"),
    "title": _("what is to be done"),
    "details": _("note"),
    "due_at": _("due time"),
    "priority": _("priority"),
    "assignee_id": _("who does it"),
    "team_id": _("team"),
    "portal": _("whether the customer is asked"),
    "remind_before": _("reminders"),
    "recurrence": _("repetition"),
    "answered": _("the customer answered"),
    "email": _("e-mail"),
    "phone": _("phone"),
    "buyer": _("buys"),
    "approver": _("approves"),
    "accountant": _("keeps the accounts"),
    "refers": _("brought a friend"),
    "works_with": _("works with"),
    "follows": _("follows"),
    "likes": _("likes"),
    "shares": _("passed on"),
    "family": _("family of"),
    "supplier_of": _("supplies"),
    "contact_point": _("both have shown the same address or number"),
    "identity": _("both have shown the same identity"),
    "staff": _("stated by the staff"),
}
"""Machine-read codes in payloads, as they read in a sentence."""

ICONS = {
    **STORY_ICONS,
    **MONEY_ICONS,
    **STANDING_ICONS,
    **CONVERSATION_ICONS,
    **FLOW_ICONS,
    **LEARNING_ICONS,
    **ROLLOUT_ICONS,
    **MARKET_ICONS,
    **MACHINE_ICONS,
    **DEVICE_ICONS,
    **REPLENISHMENT_ICONS,
    **SUPPLIER_ICONS,
    "cart": "cart",
    "order": "box",
    "order.placed": "cart",
    "order.picking": "list",
    "order.shipped": "truck",
    "order.delivered": "check",
    "order.cancelled": "ban",
    "order.redirected": "truck",
    "goodwill.given": "heart",
    "order.ready": "home",
    "parcel": "truck",
    "parcel.late": "alert",
    "parcel.label_failed": "alert",
    "return": "undo",
    "clock": "clock",
    "segment": "users",
    "task": "task",
    "task.reminded": "clock",
    "team": "users",
    "rule": "bolt",
    "customer": "user",
    "consent": "check",
    "consent.withdrawn": "ban",
    "consent.asked": "mail",
    "points": "star",
    "privacy": "user",
    "owned": "home",
    "service": "settings",
    "mail": "mail",
    "mail.bounced": "alert",
    "message.withheld": "ban",
    "product": "tag",
    "product.liked": "heart",
    "product.unliked": "heart",
    "product.shared": "share",
    "review": "star",
    "price": "tag",
    "stock": "stock",
    "staff": "user",
    "document": "document",
    "coupons": "tag",
    "coupon": "tag",
    "contact_point": "phone",
    "contact_point.verified": "check",
    "role": "users",
    "note": "note",
    "file": "document",
    "party": "users",
    "relation": "users",
    "relation.added": "users",
}

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONEY = frozenset({"budget", "credit_limit", "total", "amount", "unit_price", "refund", "refunded", "before", "after"})
_DAYS = frozenset({"first_on", "next_on", "next_try_on"})
_CODED = frozenset(
    {"code", "error_code", "how", "kind", "outcome", "payment", "budget_period", "proof", "purpose", "reason", "role"}
)

_VARIANTS: dict[str, Callable[[dict[str, Any]], str]] = {
    **STORY_VARIANTS,
    **MONEY_VARIANTS,
    "rule.fired": lambda payload: ":message" if payload.get("action") == "message" else "",
    "task.cancelled": lambda payload: ":passed" if payload.get("passed") else "",
    "service.booked": lambda payload: ":moved" if payload.get("before") else "",
    "mail.bounced": lambda payload: ":hard" if payload.get("hard") else "",
    **STANDING_VARIANTS,
    **ARTICLE_VARIANTS,
    **LEARNING_VARIANTS,
    **ROLLOUT_VARIANTS,
    **MARKET_VARIANTS,
    **CONVERSATION_VARIANTS,
    **MACHINE_VARIANTS,
    "order.ready": lambda payload: "" if payload.get("complete", True) else ":partly",
    "contact_point.verified": lambda payload: ":shared" if payload.get("shared") else "",
    "parcel.label_failed": lambda payload: ":unknown" if payload.get("unknown") else "",
    "order.shipped": lambda payload: "" if payload.get("tracking_number") else ":untracked",
    "document.published": lambda payload: ":back" if payload.get("back_to") else "",
    "stock.moved": lambda payload: ":noted" if payload.get("note") else "",
    "list_price.changed": lambda payload: (
        ":gone" if payload.get("after") is None else ":first" if payload.get("before") is None else ""
    ),
    "price.changed": lambda payload: ":first" if payload.get("before") is None else "",
    "order.delivered": lambda payload: "" if payload.get("complete", True) else ":partly",
}


def sentence(event: Event, reader: Reader) -> str:
    """What happened, for a person. Money, codes and numbers of the payload are put into words."""
    vary = _VARIANTS.get(event.name)
    template = SENTENCES.get(event.name + (vary(event.payload) if vary else ""))
    if template is None:
        return event.name
    return reader.text(template).format_map(_Filling(event.payload, reader))


def icon_of(name: str, payload: Mapping[str, Any] = MappingProxyType({})) -> str:
    """The most telling one: of an event with a kind, of the event, of what it is about."""
    return ICONS.get(f"{name}:{payload.get('kind')}") or ICONS.get(name) or ICONS.get(name.split(".")[0], "note")


def code_in_words(code: str, reader: Reader) -> str:
    """A code as it reads in a sentence; free text and codes without words stay as they are."""
    return reader.text(CODES[code]) if code in CODES else code


class _Filling(dict[str, Any]):
    """A payload whose values are written for the reader; an older payload may lack some."""

    def __init__(self, payload: dict[str, Any], reader: Reader) -> None:
        super().__init__(payload)
        self._reader = reader

    def __getitem__(self, key: str) -> str:
        value = self.get(key)
        if value is None:
            return "—"
        if key in _MONEY and isinstance(value, int) and "currency" in self:
            return self._reader.money(value, self["currency"])
        if key == "delta":
            return f"{value:+d}".replace("-", "−")
        if isinstance(value, list):
            return ", ".join(code_in_words(str(one), self._reader) for one in value)
        if key == "how":
            return code_in_words(f"by {value}" if f"by {value}" in CODES else str(value), self._reader)
        if key == "state":
            return self._reader.word("tracking", str(value))
        if key == "reason" and f"handover.{value}" in CODES:
            return code_in_words(f"handover.{value}", self._reader)
        if key == "share" and isinstance(value, int | float):
            return percent(value, self._reader.language)
        if key == "until":
            return _until(str(value), self._reader)
        if key == "why":
            return code_in_words(f"why.{value}", self._reader)
        if key in _DAYS:
            return self._reader.day(date.fromisoformat(value))
        if key == "due_at":
            return self._reader.day(datetime.fromisoformat(value).astimezone(self._reader.zone).date())
        if key in _CODED:
            return code_in_words(str(value), self._reader)
        if isinstance(value, str) and _DAY.fullmatch(value):
            return self._reader.day(date.fromisoformat(value))
        return str(value)


def _until(value: str, reader: Reader) -> str:
    try:
        return reader.moment(datetime.fromisoformat(value))
    except (ValueError, TypeError):
        return value
