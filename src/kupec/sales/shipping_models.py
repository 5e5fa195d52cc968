"""Ways of delivery as the merchant writes them: whom each serves, and what it costs."""

from datetime import time
from typing import Literal

import msgspec

MethodKind = Literal["parcel", "pickup", "point", "slot"]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A fee for carts of this weight and worth; both ends are included, None has no end."""

    fee: int
    """Minor units with VAT."""
    min_weight_g: int = 0
    max_weight_g: int | None = None
    min_value: int = 0
    max_value: int | None = None

    def fits(self, value: int, weight_g: int) -> bool:
        return _within(weight_g, self.min_weight_g, self.max_weight_g) and _within(
            value, self.min_value, self.max_value
        )


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """Where a method delivers under the same rules. No `postcodes` means everywhere in `countries`.

    A postcode is named by its beginning ("11") or as a range of beginnings ("100..199").
    """

    countries: list[str]
    currency: str
    rules: list[Rule]
    postcodes: list[str] = []
    free_from: int | None = None
    """Goods worth so much are delivered for nothing, whatever they weigh, where a rule fits at all."""

    def covers(self, postcode: str) -> bool:
        return not self.postcodes or any(_names(pattern, postcode) for pattern in self.postcodes)

    def fee(self, value: int, weight_g: int) -> int | None:
        """What the first rule that fits asks; None when none does."""
        rule = next((rule for rule in self.rules if rule.fits(value, weight_g)), None)
        if rule is None:
            return None
        return 0 if self.free_from is not None and value >= self.free_from else rule.fee


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a weekday (Monday is 0) in which so many orders can be delivered."""

    weekday: int
    starts: time
    ends: time
    capacity: int


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """A way of delivery. The first of its zones that covers an address counts.

    `cut_off` is wall-clock time in `timezone`; the holidays of `origin_country` are observed. Of a "pickup",
    `location` is the code of the place where goods are collected and `transit_days` what a transfer to it takes.
    Of a "slot", `windows` are opened `slot_days` ahead and booked until `slot_closes_hours` before they begin.
    """

    code: str
    names: dict[str, str]
    carrier: str
    transit_days: int
    cut_off: time
    timezone: str
    origin_country: str
    zones: list[Zone]
    kind: MethodKind = "parcel"
    location: str | None = None
    tracking_url: str | None = None
    labels: str = "own"
    """Who makes the labels: the name of a carrier connection ("own", "packeta")."""
    service: str = ""
    """Which of that carrier's services, in its own words (Packeta: the id of the carrier for home delivery)."""
    active: bool = True
    windows: list[Window] = []
    slot_days: int = 14
    slot_closes_hours: int = 4

    def zone(self, country: str, currency: str, postcode: str | None) -> Zone | None:
        normal = plain_postcode(postcode)
        for zone in self.zones:
            if zone.currency == currency and country in zone.countries and zone.covers(normal):
                return zone
        return None


class Shipping(msgspec.Struct, frozen=True, kw_only=True):
    """All ways of delivery, in the merchant's order, and how long goods may come back."""

    methods: list[Method] = []
    return_days: int = 14
    """Days after delivery within which the customer may ask to return something."""

    def method(self, code: str | None) -> Method | None:
        return next((method for method in self.methods if method.code == code), None)


def plain_postcode(postcode: str | None) -> str:
    """As it is compared: "110 00" and "11000", "00-950" and "00950" are the same."""
    return "".join(char for char in postcode or "" if char.isalnum()).upper()


def _names(pattern: str, postcode: str) -> bool:
    low, between, high = pattern.partition("..")
    if not between:
        return bool(postcode) and postcode.startswith(plain_postcode(pattern))
    low, high = plain_postcode(low), plain_postcode(high)
    return len(postcode) >= len(low) and low <= postcode[: len(low)] and postcode[: len(high)] <= high


def _within(figure: int, least: int, most: int | None) -> bool:
    return figure >= least and (most is None or figure <= most)
