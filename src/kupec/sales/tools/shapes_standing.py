"""What the tools about standing orders, the shop's facts and the greeting take and answer."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from kupec.kit.tools import Entry

StandingId = Annotated[str, Meta(max_length=40, description="Which one; empty where the customer has one only.")]
Day = Annotated[str, Meta(max_length=10, description="An ISO date, such as 2026-12-24.")]


class NewRhythm(msgspec.Struct, frozen=True, kw_only=True):
    """From an order (`number`), or from the cart where it is empty."""

    number: Annotated[str, Meta(max_length=40)] = ""
    every: Annotated[int, Meta(ge=1, le=999)] = 1
    unit: Literal["day", "week", "month"] = "month"
    first: Annotated[str, Meta(max_length=10, description="First day, an ISO date; empty for one rhythm ahead.")] = ""
    payment: Annotated[
        str, Meta(max_length=40, description='"account", or the id of a kept card; empty for what the customer has.')
    ] = ""


class PreviewedStanding(msgspec.Struct, frozen=True, kw_only=True):
    """`needs`: "" when it can be started, "card" or "account" when a way to pay by itself is missing, "delivery"."""

    how_often_text: str
    next_dates: list[str]
    next_dates_text: str
    items_text: str
    total: int
    total_text: str
    payment: str
    payment_text: str
    needs: str
    needs_text: str
    url: str
    text: str


class StartedStanding(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    how_often_text: str
    next_dates: list[str]
    next_dates_text: str
    items_text: str
    total: int
    total_text: str
    url: str
    text: str


class ShownStanding(Entry, frozen=True, kw_only=True):
    """`value` is its id; `state`: "active", "paused", "ended"."""

    id: str
    state: str
    state_text: str
    how_often_text: str
    next_on: str
    next_text: str
    next_dates: list[str]


class ShownStandings(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    standings: list[ShownStanding]
    text: str


class OneStanding(msgspec.Struct, frozen=True, kw_only=True):
    id: StandingId = ""


class SkipStanding(msgspec.Struct, frozen=True, kw_only=True):
    id: StandingId = ""
    date: Annotated[str, Meta(max_length=10, description="Which time, an ISO date; empty for the next.")] = ""


class MoveStanding(msgspec.Struct, frozen=True, kw_only=True):
    id: StandingId = ""
    date: Annotated[str, Meta(max_length=10, description="To which day, an ISO date.")]
    of: Annotated[str, Meta(max_length=10, description="Which time, an ISO date; empty for the next.")] = ""


class ChangedStanding(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    state: str
    state_text: str
    next_on: str
    next_text: str
    next_dates: list[str]
    next_dates_text: str
    url: str
    text: str


class ShopFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Every fact about the shop that an answer may use, in the asker's language; amounts in minor units."""

    shop_name: str
    email: str
    phone: str
    address_text: str
    company_text: str
    hours_text: str
    open_now: bool
    open_text: str
    next_opening_text: str
    return_days: int
    return_days_text: str
    currency: str
    free_from: int
    free_from_text: str
    shipping_from: int
    shipping_from_text: str
    shipping_ways_text: str
    pickup_text: str
    countries_text: str
    cut_off_text: str
    delivery_days_text: str
    payment_text: str
    transfer_days: int
    account_days: int
    bank_account_text: str
    complaint_days: int
    warranty_months: int
    points_text: str
    consents_text: str
    categories_text: str
    home_url: str
    cart_url: str
    account_url: str
    orders_url: str
    standing_url: str
    consents_url: str
    complaint_url: str
    help_url: str


class Greeting(msgspec.Struct, frozen=True, kw_only=True):
    """What is worth greeting with.

    `kind`: "" (nothing), "parcel" (on its way, or waiting to be collected), "ships_today", "standing" (comes soon),
    "service" (due), "cart" (left with goods in it), "to_pay".
    """

    kind: str
    name: str
    order_number: str
    day_text: str
    url: str
    suggestions: list[str]
    text: str
