"""Codes come from strangers: how many a minute they may try, so that none is found by guessing."""

import time
from typing import Final

from kupec.kit.errors import TooManyRequests
from kupec.kit.rates import RateLimit
from kupec.machines.ucp.agent import AnyRequest, Platform
from kupec.machines.ucp.door import Door
from kupec.machines.ucp.requests import DiscountsIn

CODES_A_MINUTE: Final = 60
"""From one address for one platform."""


def check_guesses(request: AnyRequest, platform: Platform, discounts: DiscountsIn | None) -> None:
    """Raises TooManyRequests for a platform that tries too many codes; where nothing is limited, not this either."""
    door: Door = request.app.state.site
    if discounts is None or not discounts.codes or not door.settings.rate_limit:
        return
    state = request.app.state
    if "ucp_codes" not in state:
        state.ucp_codes = RateLimit()
    address = request.client.host if request.client else ""
    for _ in discounts.codes:
        if not state.ucp_codes.allows(f"{platform.profile}@{address}", CODES_A_MINUTE, at=time.monotonic()):
            raise TooManyRequests
