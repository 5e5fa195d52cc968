"""What happens to an agent's connection, as it stands in the event log. The subject is "machine:<id>"."""

from typing import ClassVar, Literal
from uuid import UUID

from kupec.kit.events import Payload


class AgentConnected(Payload, frozen=True, kw_only=True):
    """A customer has let an agent act for them with these scopes."""

    name: ClassVar[str] = "agent.connected"
    grant_id: UUID
    scopes: list[str]


class AgentDisconnected(Payload, frozen=True, kw_only=True):
    """Its tokens open nothing any more. "replayed": somebody used a code or a token a second time."""

    name: ClassVar[str] = "agent.disconnected"
    grant_id: UUID
    why: Literal["replayed", "revoked", "replaced"]
