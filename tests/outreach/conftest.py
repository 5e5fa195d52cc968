"""Letters are tested with real orders, paid over the real gateway."""

from tests.billing.gateway_fixture import gateway, session_gateway
from tests.sales.conftest import shop

__all__ = ["gateway", "session_gateway", "shop"]
