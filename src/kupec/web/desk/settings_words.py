"""Business settings in words: which documents there are, and what their fields are called."""

from typing import Any

import msgspec

from kupec.billing import PAYMENT, SELLER
from kupec.catalogue import TAX
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind
from kupec.outreach import LETTERS, POLICY, TEMPLATES
from kupec.sales import PREVIEWED, PROMOTIONS, SHIPPING, STANDING
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
    Section(SELLER, _("Seller"), _("Who sells: what stands on invoices, and their numbers.")),
    Section(LETTERS, _("Letters"), _("Subject and opening words of the mails that customers get.")),
    Section(TEMPLATES, _("Messages"), _("What reminders, notices and news say, by language.")),
    Section(
        POLICY, _("When we write"), _("Quiet hours, how often customers are written, left carts, who has not ordered.")
    ),
    Section(
        STANDING,
        _("Standing orders"),
        _("When customers are reminded, when a failure is tried again, what counts as missed."),
    ),
)
SECTIONS = {section.name: section for section in _ALL}

VERSION_STATES = {
    "draft": pgettext("state", "Draft"),
    "published": pgettext("state", "Holds"),
    "retired": pgettext("state", "Retired"),
}

FIELDS = {
    "missed_after_hours": _("Missed after (hours)"),
    "reminder_days": _("Reminded before (days)"),
    "retry_days": _("Tried again after (days)"),
    "abandoned_cart": _("Left carts"),
    "after_hours": _("So many hours after the last touch"),
    "any_hour": _("Sent at any hour"),
    "body": _("Text"),
    "days_without_rhythm": _("Days, of whom has ordered less often"),
    "dormant": _("Who has not ordered for long"),
    "off": _("Switched off"),
    "orders": _("Orders that make a rhythm"),
    "per_day": _("News to one customer a day"),
    "per_week": _("News to one customer a week"),
    "purpose": _("Purpose"),
    "quiet": _("Quiet hours"),
    "rhythm_percent": _("Of their usual time between orders (%)"),
    "soft_bounces": _("Passing failures until an address is left"),
    "templates": _("Messages"),
    "zone": _("Time zone of whose country says nothing"),
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
    "city": _("Town"),
    "code": _("Code"),
    "company_id": _("Company ID"),
    "conditions": _("Conditions"),
    "countries": _("Countries"),
    "country": _("Country"),
    "credit_note_series": _("Credit note numbers begin with"),
    "currencies": _("Currencies"),
    "currency": _("Currency"),
    "cut_off": _("Ordered by (time of day)"),
    "destination": _("VAT declared at destination in"),
    "digits": _("Digits of the number"),
    "due_days": _("Due in (days)"),
    "email": _("E-mail"),
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
    "invoice_series": _("Invoice numbers begin with"),
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
    "name": _("Name"),
    "names": _("Names"),
    "needs_coupon": _("Needs a coupon"),
    "number": _("Account number"),
    "order_confirmation": _("Order confirmation"),
    "origin_country": _("Leaves from (country)"),
    "parcel_shipped": _("The parcel is on its way"),
    "per_customer": _("Uses for each customer"),
    "percent_bp": _("Percent"),
    "phone": _("Phone"),
    "postcode": _("Postcode"),
    "postcodes": _("Postcodes"),
    "price_groups": _("Price groups"),
    "priority": _("Turn"),
    "products": _("Products"),
    "promotions": _("Promotions"),
    "quantity": _("Pieces"),
    "rates": _("Rates (%)"),
    "register": _("Registered at"),
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
    "street": _("Street"),
    "subject": _("Subject"),
    "timezone": _("Time zone"),
    "tracking_url": _("Address for tracking"),
    "transit_days": _("Days on the way"),
    "until": _("Until"),
    "up_to": _("Up to"),
    "valid_from": _("Valid from"),
    "valid_to": _("Valid until"),
    "variant_id": _("Variant"),
    "vat_id": _("VAT ID"),
    "website": _("Website"),
    "weekday": _("Weekday (0 is Monday)"),
    "weekdays": _("Days of the week"),
    "windows": _("Delivery windows"),
    "worth": _("Counts as worth"),
    "zones": _("Zones"),
}

HINTS = {
    "retry_days": _("Each after the one before; after the last the standing order is paused."),
    "any_hour": _("Purposes such as service, set apart by commas."),
    "body": _("Empty: our own words. Empty lines set paragraphs apart."),
    "rhythm_percent": _("200 means twice as long as usual."),
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

EXPECTED = (
    _("letters, digits and hyphens, each code once"),
    _("a code that no other way to pay has"),
    _("a country that has rates"),
    _("a rate from 0 to 5000 (50 %)"),
    _("classes in small letters, such as standard"),
    _("countries by two capital letters, such as CZ"),
    _("1 to 40 letters, digits, “-” or “_”"),
    _("3 to 40 letters, digits, “-” or “_”"),
    _("at most 20 letters, digits, “-” or “_”"),
    _("a name of at most 80 characters"),
    _("a promotion"),
    _("a code that no other promotion has"),
    _("a fee of at least 0, and no end below its beginning"),
    _("a local time without a zone"),
    _("local times without a zone"),
    _("a name in at least one language"),
    _("a three-letter currency code, such as CZK"),
    _("a time after the beginning"),
    _("a time zone, such as Europe/Prague"),
    _("an IANA zone, such as Europe/Prague"),
    _("a two-letter country code, such as CZ"),
    _("two-letter country codes, such as CZ"),
    _("a whole number from 0 to 9999"),
    _("a whole number from 1 to 1000"),
    _("a whole number from 1 to 99"),
    _("a whole number from 1"),
    _("an address with {number} in it"),
    _("an amount above zero"),
    _("an amount from zero"),
    _("an amount of at least 0"),
    _("an amount in at least one currency"),
    _("an amount under a currency's code, such as CZK"),
    _("another time than the beginning"),
    _("at least one fee"),
    _("at least one window of a weekday"),
    _("at least one zone"),
    _("days from 1 (Monday) to 7 (Sunday)"),
    _("each beginning once on a weekday"),
    _("either first orders or customers who have ordered before, not both"),
    _("hours before the window begins"),
    _("one line of at most 120 characters"),
    _("the beginning of a postcode (11) or a range of equally long ones (100..199)"),
    _("the code of the place where goods are collected"),
    _("0 to 365 days"),
    _("from 0 to 365 days"),
    _("from 1 to 365 days"),
    _("a bank account for transfers to go to"),
    _("whose account it is"),
    _("a value"),
    _("plain text"),
    _("one line of plain text"),
    _("a rate in percent, such as 21"),
    _("the code of a coupon"),
)
"""What the checks of documents say they expect of a field, marked for the catalogues."""
