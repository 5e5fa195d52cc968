"""Where we sell: markets with their language, and currency, and the places goods leave from."""

from datetime import datetime
from uuid import UUID

from kupec.catalogue.events import LocationChanged, MarketChanged
from kupec.catalogue.index import reindex_all
from kupec.catalogue.models import Location, Market
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7

_COLUMNS = "code, language, currency, home_country, countries"


async def markets(db: Connection) -> list[Market]:
    """All markets, in the merchant's order."""
    return [Market(**row) for row in await db.fetch(f"select {_COLUMNS} from market order by position, code")]  # noqa: S608


async def market(db: Connection, code: str) -> Market:
    """The market of this code. Raises NotFound."""
    row = await db.fetchrow(f"select {_COLUMNS} from market where code = $1", code)  # noqa: S608
    if row is None:
        raise NotFound(what="market")
    return Market(**row)


async def put_market(db: Connection, market: Market, *, position: int, actor: Actor, now: datetime) -> None:
    """Open a market or change it. A new language indexes all products. Event market.changed, if anything did."""
    actor.require("catalogue.write")
    known = await db.fetchval("select true from market where language = $1", market.language)
    changed = await db.fetchval(
        """
        insert into market as m (code, language, currency, home_country, countries, position)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (code) do update set language = excluded.language, currency = excluded.currency,
            home_country = excluded.home_country, countries = excluded.countries, position = excluded.position
        where (m.language, m.currency, m.home_country, m.countries, m.position)
            is distinct from (excluded.language, excluded.currency, excluded.home_country, excluded.countries,
                              excluded.position)
        returning true
        """,
        market.code,
        market.language,
        market.currency,
        market.home_country,
        market.countries,
        position,
    )
    if changed:
        payload = MarketChanged(
            market=market.code, language=market.language, currency=market.currency, countries=market.countries
        )
        await emit(db, [Happened(payload=payload, subject=f"market:{market.code}", occurred_at=now)], actor=actor)
        if not known:
            await reindex_all(db)


async def locations(db: Connection) -> list[Location]:
    """The places goods leave from, the preferred first."""
    return [Location(**row) for row in await db.fetch("select * from location order by position, code")]


async def put_location(
    db: Connection, code: str, *, name: str, country: str, position: int, actor: Actor, now: datetime
) -> UUID:
    """Open a location or change it; returns its id. Event location.changed, if anything did."""
    actor.require("catalogue.write")
    changed = await db.fetchval(
        """
        insert into location as l (id, code, name, country, position) values ($1, $2, $3, $4, $5)
        on conflict (code) do update set name = excluded.name, country = excluded.country, position = excluded.position
        where (l.name, l.country, l.position) is distinct from (excluded.name, excluded.country, excluded.position)
        returning true
        """,
        uuid7(),
        code,
        name,
        country,
        position,
    )
    location_id: UUID = await db.fetchval("select id from location where code = $1", code)
    if changed:
        payload = LocationChanged(location_id=location_id, code=code, country=country)
        await emit(db, [Happened(payload=payload, subject=f"location:{location_id}", occurred_at=now)], actor=actor)
    return location_id
