"""How often somebody may ask: counted by one process, in its memory."""

from typing import Final

_WINDOW: Final = 60.0


class RateLimit:
    """Counts changing requests of an address in windows of a minute; a window weighs less as it grows old."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[int, int, int]] = {}
        self._cleared = 0

    def allows(self, address: str, limit: int, *, at: float) -> bool:
        """Count one request of `address` at `at` seconds; False when it is one too many in the last minute."""
        window, passed = divmod(at, _WINDOW)
        current = int(window)
        self._forget_old(current)
        last, before, count = self._windows.get(address, (current, 0, 0))
        if last != current:
            before, count = (count if last == current - 1 else 0), 0
        if before * (1 - passed / _WINDOW) + count >= limit:
            return False
        self._windows[address] = (current, before, count + 1)
        return True

    def _forget_old(self, current: int) -> None:
        if self._cleared != current:
            self._cleared = current
            self._windows = {address: seen for address, seen in self._windows.items() if seen[0] >= current - 1}
