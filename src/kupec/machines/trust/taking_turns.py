"""Who may call a host now, and when the others come again: however many wait for it, waiting costs the same."""

from datetime import datetime, timedelta
from typing import Final

_AT_ONCE: Final = 2  # calls of one host at the same time: a slow one does not hold up the others
_REST: Final = timedelta(seconds=2)
_APART: Final = timedelta(milliseconds=100)


class Turns:
    """Of one process. A host is called at most twice at once; who finds it busy is given a time, each a later one."""

    def __init__(self) -> None:
        self._busy: dict[str, int] = {}
        self._last: dict[str, datetime] = {}

    def take(self, host: str, now: datetime) -> datetime | None:
        """None: call now, and `give_back` afterwards. Otherwise when to come again."""
        if self._busy.get(host, 0) < _AT_ONCE:
            self._busy[host] = self._busy.get(host, 0) + 1
            return None
        self._last[host] = max(self._last.get(host, now) + _APART, now + _REST)
        return self._last[host]

    def give_back(self, host: str, now: datetime) -> None:
        self._busy[host] -= 1
        if not self._busy[host]:
            del self._busy[host]
            if self._last.get(host, now) <= now:
                self._last.pop(host, None)
