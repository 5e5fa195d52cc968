"""Ways of delivery: what each costs for a cart, and when it arrives. A versioned document says so.

Worked dates and fees: docs/algorithms/delivery.md.
"""

from collections.abc import Sequence
from datetime import date, datetime, time

import msgspec

from kupec.catalogue import Market
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.versions import Kind, one_at_a_time, publish_new, published
from kupec.sales.delivery import promised_day
from kupec.sales.models import ShippingOption
from kupec.sales.shipping_check import check_shipping
from kupec.sales.shipping_models import Method, Rule, Shipping, Zone

SHIPPING = Kind("shipping", Shipping, default=Shipping, check=check_shipping)
_SETUP = system("setup")


class Tariff:
    """The published ways of delivery, arranged for answering many carts."""

    def __init__(self, document: Shipping) -> None:
        self.document = document
        self._methods: dict[tuple[str, str], list[Method]] = {}
        for method in document.methods:
            places = {(country, zone.currency) for zone in method.zones for country in zone.countries}
            for place in places if method.active else ():
                self._methods.setdefault(place, []).append(method)

    def options(
        self,
        market: Market,
        *,
        country: str | None,
        language: str,
        subtotal: int,
        now: datetime,
        postcode: str | None = None,
        weight_g: int = 0,
        lead_days: int = 0,
        tax_bp: int = 0,
        origins: Sequence[str] = (),
    ) -> list[ShippingOption]:
        """What a cart worth `subtotal` (minor units with VAT) may choose from, in the merchant's order.

        `lead_days` are working days that its made-to-order lines take before anything leaves. `origins` are the
        countries the goods lie in, where they are known: the latest of their dates is promised.
        """
        destination = country or market.home_country
        offered = []
        for method in self._methods.get((destination, market.currency), ()):
            zone = method.zone(destination, market.currency, postcode)
            fee = zone.fee(subtotal, weight_g) if zone else None
            if zone is None or fee is None:
                continue
            offered.append(
                ShippingOption(
                    code=method.code,
                    name=method.names.get(language) or method.names.get("en") or method.code,
                    carrier=method.carrier,
                    fee=fee,
                    tax_bp=tax_bp,
                    free_from=zone.free_from,
                    promised_on=promise(method, destination, lead_days=lead_days, now=now, origins=origins),
                    kind=method.kind,
                )
            )
        return offered


def promise(method: Method, destination: str, *, lead_days: int, now: datetime, origins: Sequence[str] = ()) -> date:
    """The day by which what is ordered at `now` arrives (is ready for collection), from the slowest origin."""
    return max(
        promised_day(
            now,
            timezone=method.timezone,
            cut_off=method.cut_off,
            transit_days=method.transit_days,
            origin_country=origin,
            destination_country=destination,
            lead_days=lead_days,
        )
        for origin in (origins or (method.origin_country,))
    )


_arranged: Tariff | None = None


def tariff_of(document: Shipping) -> Tariff:
    """The document arranged for use; the same one is arranged once in a process."""
    global _arranged
    if _arranged is None or _arranged.document is not document:
        _arranged = Tariff(document)
    return _arranged


async def tariff(db: Connection) -> Tariff:
    """What is published now."""
    return tariff_of((await published(db, SHIPPING))[SHIPPING])


class NewShippingMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A way of delivery with its rates: (country, currency, fee, free from), fees in minor units with VAT."""

    code: str
    names: dict[str, str]
    carrier: str
    transit_days: int
    cut_off: time
    timezone: str
    origin_country: str
    rates: list[tuple[str, str, int, int | None]]
    tracking_url: str | None = None


async def save_shipping_method(
    db: Connection, method: NewShippingMethod | Method, *, now: datetime, actor: Actor = _SETUP
) -> None:
    """Publish a version with this way of delivery in the place of the one of its code, or as the last."""
    await one_at_a_time(db, SHIPPING)
    document = (await published(db, SHIPPING))[SHIPPING]
    saved = method if isinstance(method, Method) else _simple(method)
    methods = [saved if known.code == saved.code else known for known in document.methods]
    if document.method(saved.code) is None:
        methods.append(saved)
    await publish_new(db, SHIPPING, msgspec.structs.replace(document, methods=methods), actor=actor, now=now)


def _simple(method: NewShippingMethod) -> Method:
    return Method(
        code=method.code,
        names=method.names,
        carrier=method.carrier,
        transit_days=method.transit_days,
        cut_off=method.cut_off,
        timezone=method.timezone,
        origin_country=method.origin_country,
        tracking_url=method.tracking_url,
        zones=[
            Zone(countries=[country], currency=currency, rules=[Rule(fee=fee)], free_from=free_from)
            for country, currency, fee, free_from in method.rates
        ],
    )
