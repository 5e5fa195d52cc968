"""Business settings in words: which documents there are, and what their fields are called."""

from typing import Any

import msgspec

from kupec.billing import PAYMENT
from kupec.catalogue import TAX
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind
from kupec.outreach import LETTERS
from kupec.sales import PREVIEWED, PROMOTIONS, SHIPPING
from kupec.web.desk.words import pgettext


class Section(msgspec.Struct, frozen=True):
    """One sort of business settings. `shaped`: whether a form is made from its struct."""

    kind: Kind[Any]
    title: str
    about: str
    shaped: bool = True

    @property
    def name(self) -> str:
        return self.kind.name

    @property
    def previewed(self) -> bool:
        return self.kind.name in PREVIEWED


_ALL = (
    Section(SHIPPING, _("Delivery"), _("Ways of delivery, zones and fees, delivery windows, time to return goods.")),
    Section(PAYMENT, _("Payment"), _("Ways to pay, their fees and limits, bank accounts.")),
    Section(TAX, _("VAT"), _("Rates by country and class, and where VAT is declared.")),
    Section(PROMOTIONS, _("Promotions"), _("What is given under which conditions. Coupons open some of them."), False),
    Section(LETTERS, _("Letters"), _("Subject and opening words of the mails that customers get.")),
)
SECTIONS = {section.name: section for section in _ALL}

VERSION_STATES = {
    "draft": pgettext("state", "Draft"),
    "published": pgettext("state", "Holds"),
    "retired": pgettext("state", "Retired"),
}

FIELDS = {
    "accounts": _("Bank accounts"),
    "action": _("What is given"),
    "active": _("Offered"),
    "amounts": _("Amount"),
    "bic": _("BIC"),
    "buy": _("Pieces to buy"),
    "cancel_days": _("Cancelled when unpaid after (days)"),
    "capacity": _("Orders at most"),
    "carrier": _("Carrier"),
    "categories": _("Categories"),
    "channels": _("Channels"),
    "code": _("Code"),
    "conditions": _("Conditions"),
    "countries": _("Countries"),
    "currencies": _("Currencies"),
    "currency": _("Currency"),
    "cut_off": _("Ordered by (time of day)"),
    "destination": _("VAT declared at destination in"),
    "due_days": _("Due in (days)"),
    "ends": _("Until"),
    "exclusive": _("Stands alone"),
    "fee": _("Fee"),
    "first_order": _("First order only"),
    "free_from": _("Free from"),
    "get": _("Pieces that are cheaper"),
    "goods": _("Goods"),
    "group": _("Group of alternatives"),
    "holder": _("Account holder"),
    "hours": _("Hours"),
    "iban": _("IBAN"),
    "intro": _("Opening words"),
    "kind": _("Kind"),
    "location": _("Place of collection"),
    "markets": _("Markets"),
    "max_total": _("Up to a total of"),
    "max_uses": _("Uses at most"),
    "max_value": _("Worth at most"),
    "max_weight_g": _("Weight at most (g)"),
    "methods": _("Ways"),
    "min_value": _("Worth at least"),
    "min_weight_g": _("Weight at least (g)"),
    "minimum": _("Goods for at least"),
    "names": _("Name"),
    "needs_coupon": _("Needs a coupon"),
    "number": _("Account number"),
    "order_confirmation": _("Order confirmation"),
    "origin_country": _("Leaves from (country)"),
    "parcel_shipped": _("The parcel is on its way"),
    "per_customer": _("Uses for each customer"),
    "percent_bp": _("Percent"),
    "postcodes": _("Postcodes"),
    "price_groups": _("Price groups"),
    "priority": _("Turn"),
    "products": _("Products"),
    "promotions": _("Promotions"),
    "quantity": _("Pieces"),
    "rates": _("Rates (%)"),
    "return_days": _("Days to return goods"),
    "returning": _("Who has ordered before"),
    "round_to": _("Rounded to"),
    "rules": _("Fees"),
    "segments": _("Segments"),
    "shipping_methods": _("Ways of delivery"),
    "since": _("From"),
    "skus": _("Articles"),
    "slot_closes_hours": _("Booked until (hours before)"),
    "slot_days": _("Windows open for (days)"),
    "starts": _("From"),
    "statement_formats": _("Formats of statements"),
    "subject": _("Subject"),
    "timezone": _("Time zone"),
    "tracking_url": _("Address for tracking"),
    "transit_days": _("Days on the way"),
    "until": _("Until"),
    "up_to": _("Up to"),
    "valid_from": _("Valid from"),
    "valid_to": _("Valid until"),
    "variant_id": _("Variant"),
    "weekday": _("Weekday (0 is Monday)"),
    "weekdays": _("Days of the week"),
    "windows": _("Delivery windows"),
    "worth": _("Counts as worth"),
    "zones": _("Zones"),
}

HINTS = {
    "countries": _("Codes such as CZ, SK; set apart by commas."),
    "postcodes": _("Beginnings such as 11, or ranges such as 100..199. Empty: everywhere."),
    "timezone": _("Such as Europe/Prague."),
    "tracking_url": _("With {number} where the parcel's number goes."),
    "intro": _("Plain text instead of our own words; empty lines set paragraphs apart."),
    "subject": _("You may use {number}, {name} and {shop}."),
    "free_from": _("Goods worth so much are delivered for nothing. Empty: never."),
}

ADDING = {
    "methods": _("Add a way"),
    "zones": _("Add a zone"),
    "rules": _("Add a fee"),
    "windows": _("Add a window"),
}
