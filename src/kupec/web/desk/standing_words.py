"""What happens to standing orders, in sentences, and the codes of what stands in their way."""

from collections.abc import Callable
from typing import Any, Final

from kupec.kit.i18n import mark as _

STANDING_SENTENCES: Final = {
    "standing.started": _("Standing order started, first on {first_on}"),
    "standing.changed": _("Standing order changed from now on: {what}"),
    "standing.paused": _("Standing order paused"),
    "standing.paused:failed": _("Standing order paused: {reason}"),
    "standing.resumed": _("Standing order goes on, next on {next_on}"),
    "standing.resumed:over": _("Standing order goes on, and nothing is left of it"),
    "standing.ended": _("Standing order ended"),
    "standing.ended:completed": _("Standing order has come to its end"),
    "standing.approved": _("Buying on account again and again agreed to, up to {total}"),
    "occurrence.reminded": _("Standing order comes soon, on {due_at}"),
    "occurrence.placed": _("Standing order placed: {order_number} for {total}"),
    "occurrence.placed:repriced": _("Standing order placed: {order_number} for {total}, prices have changed"),
    "occurrence.skipped": _("Standing order left out on {due_at}"),
    "occurrence.unskipped": _("Standing order not left out after all on {due_at}"),
    "occurrence.moved": _("Standing order moved to {due_at}, this once"),
    "occurrence.changed": _("Other goods in the standing order, this once"),
    "occurrence.changed:back": _("The usual goods in the standing order again"),
    "occurrence.failed": _("Standing order not placed: {code}. Tried again on {next_try_on}"),
    "occurrence.failed:last": _("Standing order not placed: {code}. Not tried again by itself"),
    "occurrence.missed": _("Standing order missed on {due_at}: nobody was there to place it"),
    "occurrence.decided": _("Decided to place the standing order after all"),
    "occurrence.decided:skip": _("Decided to let the standing order go this time"),
    "occurrence.short": _("Not everything in the standing order was there"),
}

STANDING_VARIANTS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "standing.paused": lambda payload: ":failed" if payload.get("occurrence_id") else "",
    "standing.resumed": lambda payload: "" if payload.get("next_on") else ":over",
    "standing.ended": lambda payload: ":completed" if payload.get("reason") == "completed" else "",
    "occurrence.placed": lambda payload: ":repriced" if payload.get("repriced") else "",
    "occurrence.changed": lambda payload: "" if payload.get("lines") else ":back",
    "occurrence.failed": lambda payload: "" if payload.get("next_try_on") else ":last",
    "occurrence.decided": lambda payload: ":skip" if payload.get("decision") == "skip" else "",
}

STANDING_ICONS: Final = {
    "standing": "undo",
    "standing.paused": "clock",
    "standing.ended": "ban",
    "standing.approved": "check",
    "occurrence": "clock",
    "occurrence.placed": "cart",
    "occurrence.skipped": "ban",
    "occurrence.failed": "alert",
    "occurrence.missed": "alert",
    "occurrence.short": "alert",
}

STANDING_CODES: Final = {
    "card_gone": _("the card is not kept any more"),
    "refused_off_session": _("the bank refuses to charge the card while its owner is away"),
    "authentication_required": _("the bank wants the customer to confirm, and nobody is there"),
    "needs_action": _("the bank wants the customer to confirm, and nobody is there"),
    "credit_exceeded": _("the limit on account is not enough"),
    "account_stopped": _("buying on account is stopped"),
    "approval_needed": _("the organisation's approver has not agreed to so much"),
    "payment_unavailable": _("this way to pay is not offered any more"),
    "delivery_unavailable": _("this way of delivery is not offered any more"),
    "cart_incomplete": _("something that the order needs is missing"),
    "cart_closed": _("the cart was cancelled"),
    "internal": _("an error of ours"),
    "lines": _("goods"),
    "address": _("address"),
    "shipping_method": _("delivery"),
    "pickup_point": _("parcel point"),
    "payment": _("payment"),
    "card_id": _("card"),
    "price_policy": _("prices"),
    "fixed_until": _("how long prices hold"),
    "note": _("note"),
    "company": _("business"),
    "email": _("e-mail"),
    "name": _("name"),
    "phone": _("phone"),
}
