"""The web process: every route, and what the handlers have at hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.config.compression import CompressionConfig

from kupec.app import wiring
from kupec.app.demo_time import clock_of
from kupec.app.facts import ToolFacts
from kupec.app.measuring import measured
from kupec.app.process import open_database, settings_here, settle_memory
from kupec.app.tools import services, toolbox
from kupec.conversations import close_channels
from kupec.kit.live import Hub
from kupec.kit.logs import configure
from kupec.kit.rebase import check_cluster
from kupec.kit.settings import Settings
from kupec.machines import acp, devices, feeds, market, mcp, ucp
from kupec.web import (
    api,
    carrier_webhooks,
    channel_deliveries,
    chat,
    desk,
    errors,
    operations,
    security,
    storefront,
    webhooks,
)
from kupec.web import routes as shared
from kupec.web.head import WebApp
from kupec.web.my_api import routes as my_api
from kupec.web.portal import routes as portal_routes
from kupec.web.site import Site

_LARGEST_BODY = 4 * 1024 * 1024
_ALREADY_SMALL = ["/ucp/", "/acp/", "/feeds/", "/media/", "/static/", "/chat/v1/", "/widget"]


def create_app(settings: Settings | None = None) -> Litestar:
    """The ASGI application; `granian --factory kupec.app.web:create_app` makes one a worker process."""
    chosen = settings or settings_here()
    configure(chosen.log_format, chosen.log_level)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with open_site(chosen) as site:
            app.state.site = site
            settle_memory()
            yield
            if "collector" in app.state:
                await app.state.collector.close()
            await chat.close(app)
            await channel_deliveries.close(app)

    return WebApp(
        route_handlers=[
            *storefront.routes,
            *portal_routes.routes,
            *desk.routes,
            *shared.routes,
            *ucp.routes,
            *mcp.routes,
            *devices.routes,
            *market.routes,
            *acp.routes,
            *feeds.routes,
            *api.routes,
            *my_api.routes,
            *webhooks.routes,
            *chat.routes,
            *carrier_webhooks.routes,
            *channel_deliveries.routes,
            *operations.routes,
        ],
        lifespan=[lifespan],
        middleware=[measured],
        before_send=[security.add_security_headers],
        exception_handlers=errors.exception_handlers,
        compression_config=CompressionConfig(
            backend="gzip", gzip_compress_level=5, minimum_size=2048, exclude=_ALREADY_SMALL
        ),
        logging_config=None,
        openapi_config=None,  # the buying API brings its own document
        request_max_body_size=_LARGEST_BODY,
    )


@asynccontextmanager
async def open_site(settings: Settings) -> AsyncIterator[Site]:
    """What the handlers have at hand, for the life of the process."""
    async with open_database(settings, application="web") as (database, _), clock_of(settings, database) as clock:
        async with database.reading() as db:
            await check_cluster(db)
        hub = Hub(database, settings.database_url)
        await hub.start()
        cards = wiring.card_provider(settings)
        channels = wiring.channels(settings)
        selling = wiring.checkout(settings, database, cards, clock)
        trusted = wiring.machine_trust(settings, database, clock)
        buyer = wiring.machine_buyer(settings, database, selling, clock)
        bot = wiring.bot(settings, database, selling, clock)
        warming = asyncio.create_task(bot.warm_up())
        try:
            yield Site(
                settings=settings,
                database=database,
                clock=clock,
                checkout=selling,
                sessions=ucp.Sessions(database, clock),
                payments=cards,
                live=hub,
                bot=bot,
                toolbox=toolbox(),
                tool_services=services(settings, database, selling),
                channels=channels,
                buyer=buyer,
                sourcing=wiring.machine_sourcing(settings, database, trusted, buyer, clock),
                trust=trusted,
                profiles=ucp.Profiles(trusted, settings.ucp_profiles, rehearsal=bool(settings.ucp_rehearsal)),
                telemetry=devices.Telemetry(database, clock),
                facts=ToolFacts(toolbox(), services(settings, database, selling), base_url=settings.base_url),
            )
        finally:
            await asyncio.wait([warming])
            await hub.stop()
            await bot.close()
            await trusted.aclose()
            await cards.close()
            await close_channels(channels)
