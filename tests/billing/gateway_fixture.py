"""The sandbox gateway as a process of its own, for tests.

`from tests.billing.gateway_fixture import gateway` in a conftest gives the fixture; `start_gateway` gives more control.
"""

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from kupec.billing import SandboxCards
from kupec.kit import keeper
from tests.stack import PATIENCE, free_port

KEY = "test-key"
WEBHOOK_SECRET = "test-webhook-secret"
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # httpx would load all certificates for each client: 30 ms


@dataclass
class RunningGateway:
    """A gateway process. It can be killed and started again on the same address and data."""

    data: Path
    webhook: str = ""
    webhook_events: str = ""
    port: int = field(default_factory=free_port)
    pid: int = 0
    keeper: "subprocess.Popen[str] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "kupec.billing.sandbox", "--port", str(self.port), "--data", str(self.data)]
        command += ["--key", KEY]
        if self.webhook:
            command += ["--webhook", self.webhook, "--webhook-secret", WEBHOOK_SECRET]
        if self.webhook_events:
            command += ["--webhook-events", self.webhook_events]
        log_path = self.data.parent / "gateway.log"
        with log_path.open("a") as log:
            # The keeper ends the gateway with us, even when the test run is killed.
            self.keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", keeper.__file__, "--leash", "--end", "TERM:10", "--", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.keeper.stdout is not None
        line = self.keeper.stdout.readline()
        assert line, log_path.read_text()
        said = json.loads(line)
        self.port, self.pid = int(said["listening"].rpartition(":")[2]), said["pid"]

    def stop(self, signum: int = signal.SIGTERM) -> None:
        if self.keeper is None:
            return
        os.kill(self.pid, signum)
        with self.keeper:
            self.keeper.wait(timeout=PATIENCE)
        self.keeper = None

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @asynccontextmanager
    async def cards(self, **settings: Any) -> AsyncIterator[SandboxCards]:
        """The shop's client for this gateway."""
        client = SandboxCards(self.url, key=KEY, webhook_secret=WEBHOOK_SECRET, **settings)
        try:
            yield client
        finally:
            await client.close()

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request with the right key."""
        headers = {"Authorization": f"Bearer {KEY}"} | options.pop("headers", {})
        return self.browse(method, f"{self.url}{path}", headers=headers, **options)

    def browse(self, method: str, url: str, **options: Any) -> httpx.Response:
        """One request without the key, as a browser makes it. No connection is kept: the gateway may be killed."""
        with httpx.Client(timeout=PATIENCE, verify=_NO_TLS) as client:
            return client.request(method, url, **options)

    def ledger(self) -> dict[str, Any]:
        """All payments ("payments"), and by currency the sums in each state ("sums")."""
        found: dict[str, Any] = self.call("GET", "/v1/ledger").json()
        return found

    def faults(self, **faults: float) -> None:
        """Order bad luck; without arguments there is none."""
        assert self.call("POST", "/v1/faults", json=faults).status_code == 200

    def decide(self, action_url: str, decision: str) -> httpx.Response:
        """What the customer does on the bank's page: "confirm" or "decline"."""
        return self.browse("POST", action_url, data={"decision": decision})


@contextmanager
def start_gateway(directory: Path, *, webhook: str = "", webhook_events: str = "") -> Iterator[RunningGateway]:
    """A gateway on a free port with its data in `directory`, telling `webhook` of every change, or of some types."""
    running = RunningGateway(directory / "gateway.sqlite", webhook, webhook_events)
    running.start()
    try:
        yield running
    finally:
        running.stop()


_shared: list[RunningGateway] = []
"""pytest takes the fixture for another one in every file that imports it; a process is begun for all of them."""


@pytest.fixture(scope="session")
def session_gateway(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> RunningGateway:
    if not _shared:
        lasting = ExitStack()
        pytestconfig.add_cleanup(lasting.close)
        _shared.append(lasting.enter_context(start_gateway(tmp_path_factory.mktemp("gateway"))))
    return _shared[0]


@pytest.fixture
def gateway(session_gateway: RunningGateway) -> Iterator[RunningGateway]:
    """One gateway for the whole run, without webhooks; no faults are left from other tests."""
    yield session_gateway
    if session_gateway.keeper is None:
        session_gateway.start()
    session_gateway.faults()
