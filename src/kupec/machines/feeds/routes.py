"""Where feeds are fetched: for each market in its language, true at the moment, streamed, compressed if wished."""

import hashlib
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from kupec import __version__
from kupec.catalogue import Market, markets
from kupec.kit.door import Door
from kupec.kit.errors import NotFound
from kupec.machines.feeds.models import Shop, Version
from kupec.machines.feeds.pictures import drawn
from kupec.machines.feeds.reading import pages, version_of
from kupec.machines.feeds.writing import FORMATS, Format

AnyRequest = Request[Any, Any, State]
_GZIP: Final = 16 + zlib.MAX_WBITS
_CACHING: Final = "public, max-age=0, must-revalidate"


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """One feed by its address."""

    market: str
    language: str
    currency: str
    format: str
    url: str


@get("/feeds")
async def list_feeds(request: AnyRequest) -> Response[bytes]:
    """The addresses of all feeds."""
    door: Door = request.app.state.site
    async with door.database.reading() as db:
        known = await markets(db)
    feeds = [
        Feed(
            market=market.code,
            language=market.language,
            currency=market.currency,
            format=name,
            url=f"{door.settings.base_url}/feeds/{market.code}/{market.language}/{name}",
        )
        for market in known
        for name in (*FORMATS, "metadata.json")
    ]
    return Response(
        msgspec.json.encode({"feeds": feeds}), media_type="application/json", headers={"Cache-Control": _CACHING}
    )


@get("/feeds/{market:str}/{language:str}/{file:str}")
async def feed(
    request: AnyRequest, market: FromPath[str], language: FromPath[str], file: FromPath[str]
) -> Response[Any] | Stream:
    """One feed. 304 where nothing in it has changed since; a market has a feed in its own language only."""
    door: Door = request.app.state.site
    async with door.database.reading() as db:
        sold_in = next((each for each in await markets(db) if (each.code, each.language) == (market, language)), None)
        if sold_in is None or (file not in FORMATS and file != "metadata.json"):
            raise NotFound(what="feed")
        version = await version_of(db, sold_in, now=door.clock.now())
    shop = Shop(name=door.settings.shop_name, base_url=door.settings.base_url, market=sold_in)
    headers = {
        "ETag": _etag(shop, file, version),
        "Last-Modified": format_datetime(version.changed_at.astimezone(UTC), usegmt=True),
        "Cache-Control": _CACHING,
        "Vary": "Accept-Encoding",
    }
    if _unchanged(request, headers["ETag"], version.changed_at):
        return Response(b"", status_code=304, headers=headers)
    if file == "metadata.json":
        return Response(_metadata(sold_in, version), media_type="application/json", headers=headers)
    wanted = FORMATS[file]
    pieces = _pieces(door, shop, wanted)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        pieces = _zipped(pieces)
    return Stream(pieces, media_type=f"{wanted.media_type}; charset=utf-8", headers=headers)


@get("/feeds/pictures/{name:str}")
async def feed_picture(request: AnyRequest, name: FromPath[str]) -> Response[Any] | Redirect:
    """A drawn picture as PNG; any other is where it always is."""
    door: Door = request.app.state.site
    sha = name.removesuffix(".png")
    try:
        made = await drawn(door.database, sha)
    except ValueError:
        return Redirect(f"/media/{sha}")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": f'"{sha}"'}
    return Response(made, media_type="image/png", headers=headers)


def _etag(shop: Shop, file: str, version: Version) -> str:
    """Weak, since the same is sent compressed and plain."""
    told = "\n".join((version.digest, file, shop.name, shop.base_url, __version__))
    return f'W/"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def _unchanged(request: AnyRequest, etag: str, changed_at: datetime) -> bool:
    known = request.headers.get("if-none-match")
    if known is not None:
        return known.strip() == "*" or etag in (each.strip() for each in known.split(","))
    since = request.headers.get("if-modified-since")
    try:
        return since is not None and changed_at.replace(microsecond=0) <= parsedate_to_datetime(since).astimezone(UTC)
    except ValueError:
        return False


def _metadata(market: Market, version: Version) -> bytes:
    """FeedMetadata of ACP's feed schema, beside products.jsonl."""
    return msgspec.json.encode(
        {
            "id": f"{market.code}-{market.language}",
            "target_country": market.home_country,
            "updated_at": version.changed_at.astimezone(UTC).isoformat(),
        }
    )


async def _pieces(door: Door, shop: Shop, wanted: Format) -> AsyncIterator[bytes]:
    yield wanted.head(shop).encode()
    async for goods in pages(door.database, shop.market, door.clock):
        yield "".join(wanted.piece(shop, each) for each in goods).encode()
    yield wanted.foot.encode()


async def _zipped(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    squeeze = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    async for piece in pieces:
        if out := squeeze.compress(piece):
            yield out
    yield squeeze.flush()


routes: list[Any] = [list_feeds, feed, feed_picture]
