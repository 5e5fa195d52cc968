"""What a story can be narrowed to: its kinds of events, as the address names them."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from kupec.customers import AT_COUNTER
from kupec.kit.i18n import mark as _
from kupec.web.desk.sentences import SENTENCES


class Group(msgspec.Struct, frozen=True):
    """One filter. `kinds` are beginnings of events' names ("order"), or whole names, which win over beginnings."""

    key: str
    label: str
    icon: str
    kinds: frozenset[str]


GROUPS: Final = (
    Group("visits", _("Visits"), "globe", frozenset({"visit", "visitor"})),
    Group("carts", _("Carts"), "cart", frozenset({"cart", "checkout", "approval"})),
    Group("orders", _("Orders"), "box", frozenset({"order", "standing", "occurrence"})),
    Group(
        "payments",
        _("Payments"),
        "card",
        frozenset(
            {
                *("payment", "refund", "account", "invoice", "credit_note", "store_credit", "card", "line"),
                *("order.refunded", "statement", "dunning", "gift_card", "goodwill"),
            }
        ),
    ),
    Group(
        "shipments",
        _("Shipments"),
        "truck",
        frozenset(
            {
                *("parcel", "order.picking", "order.shipped", "order.delivered", "order.split", "order.transferred"),
                "order.ready",
            }
        ),
    ),
    Group("talks", _("Calls and messages"), "phone", frozenset({"interaction", "mail", "message", "conversation"})),
    Group(
        "counter",
        _("Counter"),
        "home",
        frozenset({f"interaction.{event}{AT_COUNTER}" for event in ("logged", "assigned", "changed", "removed")}),
    ),
    Group("tasks", _("Tasks"), "task", frozenset({"task", "rule", "reminder"})),
    Group("notes", _("Notes and files"), "note", frozenset({"note", "file"})),
    Group("consents", _("Consents"), "check", frozenset({"consent", "points", "privacy"})),
    Group("returns", _("Returns"), "undo", frozenset({"return"})),
    Group("opinions", _("Opinions"), "star", frozenset({"review", "survey", "product"})),
    Group("devices", _("Devices"), "cup", frozenset({"device", "meter", "replenishment"})),
    Group(
        "machines",
        _("Purchases by machines"),
        "robot",
        frozenset(
            {
                *("machine", "machine_key", "agent", "mandate", "purchase", "supplier", "foreign_order"),
                *("rfq", "choice.observed"),
            }
        ),
    ),
    Group("services", _("Services"), "wrench", frozenset({"owned", "service", "booking"})),
    Group(
        "person",
        _("Details"),
        "user",
        frozenset({"customer", "party", "contact_point", "identity", "role", "relation", "credential", "segment"}),
    ),
)
HOUSE: Final = frozenset(
    {
        *(
            "acp_platform",
            "feed_push",
            "api_key",
            "attribute",
            "category",
            "clock",
            "coupon",
            "coupons",
            "document",
            "import",
            "list_price",
        ),
        *("location", "market", "media", "price", "price_list", "staff", "stock", "system", "team", "view"),
        *("webhook_endpoint", "machine_webhook", "signing_key", "quoting_policy", "choice"),
        *("availability", "inbox", "canned_reply", "playbook", "practice"),
        *("article", "flow", "question", "suggestion", "model", "experiment"),
    }
)
"""Beginnings of names of events that are never a customer's."""


def group_of(name: str) -> str | None:
    """The group of an event, None where it is never a customer's. The longest fitting kind wins."""
    kinds = {kind: group.key for group in GROUPS for kind in group.kinds}
    return kinds.get(name) or kinds.get(name.partition(".")[0])


def names_in(keys: Iterable[str]) -> Sequence[str] | None:
    """Names of the events of these groups, as `timeline` takes them; None: all, also where nothing is chosen."""
    chosen = {group.key for group in GROUPS} & set(keys)
    if not chosen:
        return None
    every = {key.partition(":")[0] for key in SENTENCES} | {
        kind for group in GROUPS for kind in group.kinds if kind.endswith(AT_COUNTER)
    }
    return sorted(name for name in every if group_of(name) in chosen)
