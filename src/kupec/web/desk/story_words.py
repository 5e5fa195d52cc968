"""What happens outside the shop's pages and around it, in sentences: talks, visits, and the house itself."""

from collections.abc import Callable
from typing import Any, Final

from kupec.kit.i18n import mark as _

TALKED: Final = {
    "call": _("Phone call"),
    "call:in": _("Called us"),
    "call:out": _("We called"),
    "visit": _("Came to the counter"),
    "meeting": _("Meeting"),
    "mail": _("E-mail"),
    "mail:in": _("Wrote us an e-mail"),
    "mail:out": _("We wrote an e-mail"),
    "message": _("A message"),
    "message:in": _("Sent us a message"),
    "message:out": _("We sent a message"),
    "chat": _("Chat"),
}
_DIRECTED: Final = frozenset({"call", "mail", "message"})

STORY_SENTENCES: Final = {
    "interaction.logged": _("Spoke with us"),
    "interaction.assigned": _("Spoke with us"),
    **{f"interaction.logged:{key}": text for key, text in TALKED.items()},
    **{f"interaction.assigned:{key}": text for key, text in TALKED.items()},
    "interaction.changed": _("A record of a talk was corrected"),
    "interaction.removed": _("A record of a talk was removed"),
    "visit.started": _("Visited the shop"),
    "visitor.known": _("Their browser was recognised"),
    "customer.signed_in": _("Signed in to their account"),
    "customer.signed_out": _("Signed out of their account"),
    "credential.added": _("New way to sign in"),
    "credential.removed": _("A way to sign in removed"),
    "contact_point.added": _("Contact added"),
    "contact_point.removed": _("Contact removed"),
    "contact_point.verified": _("Contact verified"),
    "role.offered": _("Asked to act for the organisation"),
    "role.given": _("May act for the organisation"),
    "role.declined": _("Does not want to act for the organisation"),
    "role.taken": _("May no longer act for the organisation"),
    "relation.added": _("Relation noted"),
    "relation.removed": _("Relation removed"),
    "party.merged": _("Merged with another record"),
    "party.unmerged": _("Parted from another record again"),
    "party.distinct": _("Decided: not the same as another record"),
    "note.added": _("Note written"),
    "note.changed": _("Note changed"),
    "note.removed": _("Note removed"),
    "note.seen": _("Mentions read"),
    "file.added": _("File added"),
    "file.removed": _("File removed"),
    "card.kept": _("Card kept for next time"),
    "card.forgotten": _("Kept card removed"),
    "api_key.created": _("Key for another system made"),
    "api_key.revoked": _("Key for another system revoked"),
    "acp_platform.added": _("Agent platform let in: {code}"),
    "acp_platform.key_rotated": _("New key for an agent platform"),
    "acp_platform.webhook_set": _("Order events of an agent platform directed"),
    "feed_push.added": _("Product feed pushed to {host}"),
    "feed_push.removed": _("Product feed pushed no more"),
    "acp_platform.revoked": _("Agent platform turned away"),
    "attribute.changed": _("Parameter of products changed"),
    "category.changed": _("Category changed"),
    "import.finished": _("Import finished: {written} in, {failed} refused"),
    "location.changed": _("Place of goods changed"),
    "market.changed": _("Market changed"),
    "media.stored": _("Picture stored"),
    "price_list.changed": _("Price list changed"),
    "statement.imported": _("Bank statement brought in"),
    "system.retry_requested": _("Work repeated by hand"),
    "view.saved": _("View saved"),
    "view.removed": _("View removed"),
    "webhook_endpoint.saved": _("Address of another system saved"),
    "webhook_endpoint.removed": _("Address of another system removed"),
    "webhook_endpoint.failing": _("Another system does not answer"),
    "webhook_endpoint.stopped": _("Another system is not called any more"),
    "webhook_endpoint.replayed": _("Another system was told again"),
    "webhook_endpoint.secret_rotated": _("New secret for another system"),
    "staff.created": _("Taken on"),
    "staff.invited": _("Invited"),
    "staff.deactivated": _("Let go"),
    "staff.reactivated": _("Taken back"),
    "staff.role_changed": _("Given another role"),
    "staff.rules_changed": _("Rules of signing in changed"),
    "staff.language_changed": _("Language changed"),
    "staff.zone_changed": _("Time zone changed"),
    "staff.calendar_opened": _("Calendar address made"),
    "staff.calendar_ended": _("Calendar address ended"),
    "staff.password_changed": _("Password changed"),
    "staff.recovery_codes_made": _("Recovery codes made"),
    "staff.second_factor_added": _("Second step added"),
    "staff.second_factor_removed": _("Second step removed"),
    "staff.second_factor_reset": _("Second step reset"),
    "staff.sessions_ended": _("Signed out everywhere"),
    "staff.signed_in": _("Signed in"),
    "staff.signed_out": _("Signed out"),
}

STORY_ICONS: Final = {
    "interaction": "note",
    "visit": "globe",
    "visitor": "user",
    "credential": "lock",
    "contact_point": "user",
    "role": "users",
    "relation": "share",
    "party": "users",
    "note": "note",
    "file": "document",
    "card": "card",
    "api_key": "lock",
    "acp_platform": "lock",
    "feed_push": "share",
    "attribute": "tag",
    "category": "tag",
    "import": "inbox",
    "line": "money",
    "list_price": "tag",
    "location": "pin",
    "market": "globe",
    "media": "tag",
    "price_list": "tag",
    "statement": "money",
    "system": "refresh",
    "view": "list",
    "webhook_endpoint": "globe",
    **{
        f"interaction.{event}:{kind}": icon
        for event in ("logged", "assigned")
        for kind, icon in {
            "call": "phone",
            "visit": "home",
            "meeting": "users",
            "mail": "mail",
            "message": "chat",
            "chat": "chat",
        }.items()
    },
}


def talk_variant(payload: dict[str, Any]) -> str:
    kind, direction = payload.get("kind"), payload.get("direction")
    if kind is None:
        return ""
    return f":{kind}:{direction}" if direction and kind in _DIRECTED else f":{kind}"


STORY_VARIANTS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "interaction.logged": talk_variant,
    "interaction.assigned": talk_variant,
}
