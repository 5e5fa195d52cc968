"""Whether somebody takes conversations now, and how many at once: the switch in the inbox's head."""

from typing import Any

from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.staff import Staff
from kupec.web.desk.reader import Reader

DUTY_WORDS = {"available": _("I take conversations"), "busy": _("No new ones now"), "away": _("I am away")}


async def duty_of(db: Connection, me: Staff, reader: Reader) -> Any:
    return None
