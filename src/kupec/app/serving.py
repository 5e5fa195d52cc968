"""Processes: the web server, and web and worker together on one machine."""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from granian import Granian
from granian.constants import Interfaces, Loops

from kupec.app.process import NoDatabase, settings_here
from kupec.kit.logs import configure
from kupec.kit.migrate import migrate
from kupec.kit.postgres import EmbeddedPostgres
from kupec.kit.settings import Settings, variable
from kupec.kit.supervise import Child, supervise


def web() -> None:
    """Serve until told to stop. Raises NoDatabase."""
    settings = settings_here()
    if not settings.database_url:
        raise NoDatabase
    Granian(
        "kupec.app.web:create_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=settings.web_workers,
        log_enabled=False,
        websockets=False,
        respawn_failed_workers=True,
        backpressure=4096,
    ).serve()


@contextmanager
def database_for(settings: Settings) -> Iterator[Settings]:
    """The settings with a database that runs and is up to date: the one named, or the embedded one."""
    if settings.database_url:
        asyncio.run(migrate(settings.database_url))
        yield settings
        return
    with EmbeddedPostgres(Path(settings.data_dir) / "postgres") as dsn:
        asyncio.run(migrate(dsn))
        yield msgspec.structs.replace(settings, database_url=dsn)


def run() -> int:
    """Web and worker together; ends with the exit status of the first that cannot go on."""
    settings = settings_here()
    configure(settings.log_format, settings.log_level)
    with database_for(settings) as ready:
        return asyncio.run(supervise(children(ready), ready=lambda: print(f"Shop  {ready.base_url}")))


def children(settings: Settings) -> list[Child]:
    """The processes of one machine, with these settings."""
    environment = environment_of(settings)
    return [
        Child(
            name="web",
            argv=[sys.executable, "-m", "kupec.app", "web"],
            env=environment,
            port=settings.port,
            host=settings.host,
            port_setting="KUPEC_PORT",
        ),
        Child(name="worker", argv=[sys.executable, "-m", "kupec.app", "worker"], env=environment),
    ]


def gateway(settings: Settings) -> Child:
    """The sandbox card gateway, at the address where the shop expects it; its keys protect no money."""
    port = urlsplit(settings.card_gateway_url).port or 8010
    return Child(
        name="gateway",
        argv=[
            *(sys.executable, "-m", "kupec.billing.sandbox"),
            *("--port", str(port)),
            *("--data", str(Path(settings.data_dir) / "gateway.sqlite")),
            *("--public-url", settings.card_gateway_url),
            *("--webhook", f"http://{settings.host}:{settings.port}/webhooks/sandbox"),
            *("--key", settings.card_gateway_key),
            *("--webhook-secret", settings.card_webhook_secret),
        ],
        port=port,
        port_setting="KUPEC_CARD_GATEWAY_URL",
    )


def environment_of(settings: Settings) -> Mapping[str, str]:
    """The settings as a child process reads them."""
    values = {variable(name): getattr(settings, name) for name in Settings.__struct_fields__}
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}
    return {**texts, "PYTHONUNBUFFERED": os.environ.get("PYTHONUNBUFFERED", "1")}
