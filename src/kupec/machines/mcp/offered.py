"""Which of the shop's tools machines are offered, and which not: every one is named here, with the reason.

A tool that only looks is for everybody its audience names. One that changes something needs the scope "buy", and is
offered only when it neither spends money nor speaks for its owner where a person has to. What spends goes by a mandate.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from kupec.kit.tools import Tool, Toolbox
from kupec.machines.mcp.callers import Caller


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What a client is told about a tool that changes something."""

    destructive: bool = False
    idempotent: bool = False


GUESTS: Final = frozenset({"find_products", "compare_products", "shipping_options", "shop_facts"})
"""Without any key: what a visitor reads on the pages. Orders by number and e-mail are not among them: a machine that
nobody answers for must not try numbers."""

OF_PEOPLE: Final = frozenset({"list_invoices"})
"""Not for machines of an organisation: its buyers connect them, and its invoices are its accountants' to see."""

CHANGING: Final[Mapping[str, Kind]] = {
    "add_to_cart": Kind(),
    "set_quantity": Kind(destructive=True, idempotent=True),
    "remove_from_cart": Kind(destructive=True, idempotent=True),
    "order_again": Kind(),
    "cancel_order": Kind(destructive=True, idempotent=True),
    "return_order": Kind(),
    "open_complaint": Kind(),
    "skip_standing": Kind(destructive=True),
    "pause_standing": Kind(destructive=True, idempotent=True),
}

KEPT_BACK: Final[Mapping[str, str]] = {
    "checkout_in_chat": "it spends: `buy` does, within a mandate",
    "start_standing": "it spends again and again, beside the mandate",
    "resume_standing": "it lets spending go on that its owner has stopped",
    "move_standing": "it may bring a payment forward",
    "use_code": "it spends its owner's credit, and codes are found by trying",
    "goodwill_coupon": "it is given to people, for trouble they had",
    "change_order": "goods must not go to an address that the mandate does not know",
    "fill_checkout": "addresses and payment are the owner's to write",
    "set_consent": "only a person consents",
    "talk_to_person": "it belongs to a conversation",
    "book_callback": "it belongs to a conversation",
    "my_greeting": "it belongs to a conversation",
}


def offered(toolbox: Toolbox, caller: Caller) -> list[Tool]:
    """The tools for a caller, by name. What is neither named here nor only looks is offered to nobody."""
    return sorted((tool for tool in toolbox if is_offered(tool, caller)), key=_name)


def is_offered(tool: Tool, caller: Caller) -> bool:
    if tool.name in KEPT_BACK or tool.audience == "staff":
        return False
    if not caller.signed_in:
        return tool.name in GUESTS
    if caller.of_organisation and tool.name in OF_PEOPLE:
        return False
    if tool.changes:
        return tool.name in CHANGING and "buy" in caller.scopes
    return "read" in caller.scopes


def lacks_scope(tool: Tool) -> bool:
    """Whether more rights would open it."""
    return tool.name in CHANGING


def annotations(tool: Tool) -> dict[str, bool]:
    """What MCP calls hints."""
    if not tool.changes:
        return {"readOnlyHint": True, "openWorldHint": False}
    kind = CHANGING[tool.name]
    return {
        "readOnlyHint": False,
        "destructiveHint": kind.destructive,
        "idempotentHint": kind.idempotent,
        "openWorldHint": False,
    }


def _name(tool: Tool) -> str:
    return tool.name
