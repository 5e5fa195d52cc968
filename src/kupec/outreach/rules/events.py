"""What rules write into the log."""

from typing import ClassVar, Literal
from uuid import UUID

from kupec.kit.events import Payload


class RuleFired(Payload, frozen=True, kw_only=True):
    """A rule acted. Subject "rule:<code>"; `about` is the thing whose history made it act."""

    name: ClassVar[str] = "rule.fired"

    code: str
    action: Literal["task", "message"]
    about: str
    task_id: UUID | None = None
    mail_id: UUID | None = None
