"""`python -m kupec.billing.sandbox`: the gateway as a process of its own."""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from kupec.billing.sandbox.deliveries import Deliveries
from kupec.billing.sandbox.gateway import Gateway
from kupec.billing.sandbox.store import Store
from kupec.billing.sandbox.wire import Faults

if sys.platform != "win32":
    from uvloop import new_event_loop
else:
    from asyncio import new_event_loop


def main() -> None:
    arguments = _parse(sys.argv[1:])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s sandbox-gateway %(levelname)s %(message)s")
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(arguments))


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT. Once it listens it prints one line of JSON with its address and process id."""
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    sock = socket.create_server((arguments.host, arguments.port), backlog=1024)
    address = f"http://{arguments.host}:{sock.getsockname()[1]}"
    public_url = (arguments.public_url or address).rstrip("/")
    store = Store(arguments.data, public_url=public_url, messages=lambda kind: _wanted(arguments, kind))
    gateway = Gateway(store, key=arguments.key, faults=Faults(drop_rate=arguments.drop_rate))
    runner = web.ServerRunner(web.Server(gateway.handle, access_log=None))
    await runner.setup()
    await web.SockSite(runner, sock, backlog=1024).start()
    print(msgspec.json.encode({"listening": address, "pid": os.getpid()}).decode(), flush=True)
    waiting: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait())]
    if arguments.webhook:
        deliveries = Deliveries(store, url=arguments.webhook, secret=arguments.webhook_secret)
        waiting.append(asyncio.create_task(deliveries.run()))
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        await done.pop()
    finally:
        await runner.cleanup()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await store.close()


def _wanted(arguments: argparse.Namespace, kind: str) -> bool:
    return bool(arguments.webhook) and (not arguments.webhook_events or kind in arguments.webhook_events)


def _parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m kupec.billing.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010, help="0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="SQLite file; its directory must exist")
    parser.add_argument("--key", required=True, help="what callers give as bearer key")
    parser.add_argument("--public-url", default="", help="how browsers reach this gateway, if not at host and port")
    parser.add_argument("--webhook", default="", help="address that is told of every change; none if empty")
    parser.add_argument("--webhook-secret", default="", help="signs webhooks")
    parser.add_argument(
        "--webhook-events",
        type=lambda text: frozenset(text.split(",")),
        help="types to tell of, by commas; default all",
    )
    parser.add_argument("--drop-rate", type=float, default=0.0, help="share of replies to drop, from 0 to 1")
    arguments = parser.parse_args(words)
    if arguments.webhook and not arguments.webhook_secret:
        parser.error("--webhook needs a --webhook-secret")
    return arguments


if __name__ == "__main__":
    main()
