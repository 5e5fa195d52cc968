"""The merchant's rules about conversations: what goes on, what begins anew, how often sending is tried."""

from datetime import timedelta

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.versions import Kind


class ConversationRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a customer's words go on with what was said before, and how long sending is tried."""

    join_days: int = 30
    """A customer who writes in another channel goes on with their open conversation if it is not older than this."""
    reopen_days: int = 7
    """A resolved conversation that is answered within these days is opened again; later a new one begins."""
    retry_seconds: tuple[int, ...] = (5, 30, 120, 600, 3600)
    """Pauses before each further attempt to send; after the last one it has failed."""

    @property
    def joins_within(self) -> timedelta:
        return timedelta(days=self.join_days)

    @property
    def reopens_within(self) -> timedelta:
        return timedelta(days=self.reopen_days)


def _check(rules: ConversationRules) -> None:
    for name in ("join_days", "reopen_days"):
        if not 0 <= getattr(rules, name) <= 365:
            raise InvalidValue(field=name, expected="0 to 365 days")
    if len(rules.retry_seconds) > 20:
        raise InvalidValue(field="retry_seconds", expected="at most 20 attempts")
    for at, pause in enumerate(rules.retry_seconds):
        if not 1 <= pause <= 86_400:
            raise InvalidValue(field=f"retry_seconds[{at}]", expected="1 second to a day")


CONVERSATION_RULES = Kind("conversations", ConversationRules, default=ConversationRules, check=_check)
