"""The phone and the counter as channels: what is said there is typed by the staff, and needs no sending."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from kupec.conversations.channel import Capabilities, Outgoing, Read, Sent
from kupec.conversations.errors import Refused
from kupec.conversations.models import Inbox
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _

PHONE: Final = "phone"
COUNTER: Final = "counter"


class SpokenConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing needs to be set up."""


class SpokenChannel:
    """One way to talk with customers: by mouth. `code` is "phone" or "counter"."""

    capabilities = Capabilities(voice=True, live=True, length=4000, burst=timedelta(0))

    def __init__(self, code: str) -> None:
        self.code = code

    def verify(self, inbox: Inbox, credentials: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> None:
        """Nothing is delivered from outside: raises Refused, always."""
        raise Refused

    def external_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Raises InvalidValue, always."""
        raise InvalidValue(field="body", expected=_("nothing: what is said is typed at the desk"))

    def read(self, inbox: Inbox, body: bytes, now: datetime) -> Read:
        return Read()

    async def send(self, outgoing: Outgoing, credentials: Mapping[str, str]) -> Sequence[Sent]:
        """It has been said."""
        return [Sent(source_id=str(outgoing.message.id))]

    def config(self, raw: Mapping[str, Any]) -> SpokenConfig:
        """Raises InvalidValue naming the field."""
        for field in raw:
            raise InvalidValue(field=field, expected=_("nothing: there is nothing to set up"))
        return SpokenConfig()
