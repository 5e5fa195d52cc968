"""How many applications may register from one place."""

from types import SimpleNamespace
from typing import Any

import pytest
from litestar.datastructures import State

from kupec.kit.errors import TooManyRequests
from kupec.machines.mcp import callers

AN_HOUR = callers.REGISTRATIONS_AN_HOUR


def test_one_address_takes_only_its_own_share_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 36_000.0
    monkeypatch.setattr(callers.time, "monotonic", lambda: now)  # type: ignore[attr-defined]
    state = State({"site": SimpleNamespace(settings=SimpleNamespace(rate_limit=100))})

    def register(address: str) -> None:
        request: Any = SimpleNamespace(app=SimpleNamespace(state=state), client=SimpleNamespace(host=address))
        callers.limit_registrations(request)

    assert callers.line_of("2001:db8::1") == callers.line_of("2001:db8::2:0:0:9") != callers.line_of("2001:db8:0:1::1")
    for count in range(AN_HOUR):
        now += 10  # six a minute: never too many of that
        register(f"2001:db8::{count + 1:x}")
    with pytest.raises(TooManyRequests):
        register("2001:db8::ffff")
    register("192.0.2.7")
    now += 7_200
    register("2001:db8::ffff")
