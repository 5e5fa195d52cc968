"""Who gets which arm: always the same one, and more share moves nobody who is in."""

import math

from hypothesis import given
from hypothesis import strategies as st

from kupec.experiments import LIVE, Arm, arm_at, point

_SHARES = st.floats(0, 1)


@given(
    salt=st.text(max_size=20),
    unit=st.text(max_size=40),
    tried=st.integers(1, 4),
    shares=st.lists(_SHARES, min_size=1, max_size=6),
)
def test_a_growing_share_moves_nobody_who_is_in(salt: str, unit: str, tried: int, shares: list[float]) -> None:
    arms = (Arm(name=LIVE, version="1"), *(Arm(name=f"tried_{number}", version="2") for number in range(tried)))
    at = point(salt, unit)
    assert at == point(salt, unit)
    assert 0 <= at < 1
    assert arm_at(at, arms, 0) == LIVE
    assert arm_at(at, arms, 1) != LIVE
    met = LIVE
    for share in sorted(shares):
        arm = arm_at(at, arms, share)
        assert met in (LIVE, arm)
        met = arm


def test_each_arm_gets_its_part() -> None:
    arms = tuple(Arm(name=name, version="1") for name in (LIVE, "one", "two"))
    units = [arm_at(point("salt", str(number)), arms, 0.3) for number in range(20_000)]
    for name, part in ((LIVE, 0.7), ("one", 0.15), ("two", 0.15)):
        assert abs(units.count(name) / 20_000 - part) < 4 * math.sqrt(part * (1 - part) / 20_000)
    other = [arm_at(point("another", str(number)), arms, 0.3) for number in range(20_000)]
    both = sum(one == two == "one" for one, two in zip(units, other, strict=True))
    assert abs(both / 20_000 - 0.15**2) < 0.005, "who is in one experiment says nothing of who is in another"
