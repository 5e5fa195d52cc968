from collections.abc import AsyncIterator

import pytest

from kupec.billing import SandboxCards
from tests.billing.gateway_fixture import RunningGateway, gateway, session_gateway

__all__ = ["gateway", "session_gateway"]


@pytest.fixture
async def cards(gateway: RunningGateway) -> AsyncIterator[SandboxCards]:
    async with gateway.cards() as client:
        yield client
