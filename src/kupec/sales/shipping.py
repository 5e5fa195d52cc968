"""Ways of delivery: what each costs for a country and a currency, and when it arrives."""

from collections.abc import Sequence
from datetime import date, datetime, time

import msgspec

from kupec.catalogue import Market
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.sales.delivery import promised_day
from kupec.sales.models import ShippingOption


class ShippingRate(msgspec.Struct, frozen=True, kw_only=True):
    """A method's fee in one country and currency, with what its delivery day follows from."""

    code: str
    names: dict[str, str]
    carrier: str
    transit_days: int
    cut_off: time
    timezone: str
    origin_country: str
    country: str
    currency: str
    fee: int
    free_from: int | None
    tax_bp: int


class Tariff:
    """All active rates, read once for a batch of carts."""

    def __init__(self, rates: Sequence[ShippingRate]) -> None:
        self._rates: dict[tuple[str, str], list[ShippingRate]] = {}
        self._promises: dict[tuple[str, str, datetime], date] = {}
        for rate in rates:
            self._rates.setdefault((rate.country, rate.currency), []).append(rate)

    def options(
        self, market: Market, *, country: str | None, language: str, subtotal: int, now: datetime
    ) -> list[ShippingOption]:
        """What a cart worth `subtotal` (minor units with VAT) may choose from, in the merchant's order."""
        destination = country or market.home_country
        return [
            ShippingOption(
                code=rate.code,
                name=rate.names.get(language) or rate.names.get("en") or rate.code,
                carrier=rate.carrier,
                fee=0 if rate.free_from is not None and subtotal >= rate.free_from else rate.fee,
                tax_bp=rate.tax_bp,
                free_from=rate.free_from,
                promised_on=self._promise(rate, now),
            )
            for rate in self._rates.get((destination, market.currency), ())
        ]

    def _promise(self, rate: ShippingRate, now: datetime) -> date:
        key = (rate.code, rate.country, now)
        if key not in self._promises:
            self._promises[key] = promised_day(
                now,
                timezone=rate.timezone,
                cut_off=rate.cut_off,
                transit_days=rate.transit_days,
                origin_country=rate.origin_country,
                destination_country=rate.country,
            )
        return self._promises[key]


async def tariff(db: Connection) -> Tariff:
    """The active rates; shipping carries the standard VAT of the country the goods leave from."""
    rows = await db.fetch(
        """
        select method.code, method.names, method.carrier, method.transit_days, method.cut_off, method.timezone,
               method.origin_country, rate.country, rate.currency, rate.fee, rate.free_from,
               coalesce(vat.rate_bp, 0) as tax_bp
          from shipping_method method
          join shipping_rate rate on rate.method_id = method.id
          left join vat_rate vat on vat.country = method.origin_country and vat.vat_class = 'standard'
         where method.active
         order by method.position, method.code
        """
    )
    return Tariff([ShippingRate(**dict(row)) for row in rows])


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
    position: int = 0


async def save_shipping_method(db: Connection, method: NewShippingMethod) -> None:
    """Create or replace a way of delivery, by its code."""
    method_id = await db.fetchval(
        """
        insert into shipping_method (id, code, names, carrier, transit_days, cut_off, timezone, origin_country,
                                     tracking_url, position)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (code) do update
           set names = excluded.names, carrier = excluded.carrier, transit_days = excluded.transit_days,
               cut_off = excluded.cut_off, timezone = excluded.timezone, origin_country = excluded.origin_country,
               tracking_url = excluded.tracking_url, position = excluded.position, active = true
        returning id
        """,
        uuid7(),
        method.code,
        method.names,
        method.carrier,
        method.transit_days,
        method.cut_off,
        method.timezone,
        method.origin_country,
        method.tracking_url,
        method.position,
    )
    await db.execute("delete from shipping_rate where method_id = $1", method_id)
    await db.executemany(
        "insert into shipping_rate (method_id, country, currency, fee, free_from) values ($1, $2, $3, $4, $5)",
        [(method_id, *rate) for rate in method.rates],
    )
