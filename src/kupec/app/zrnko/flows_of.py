"""How Zrnko's conversations go: the flows in flows/, in three languages."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from kupec.assistant import Surroundings, import_flows, signatures_of
from kupec.conversations import Capabilities
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.tools import Toolbox

FLOWS = Path(__file__).parent / "flows"


def demo_flows() -> list[str]:
    """The text of every flow, in the order of their names."""
    return [path.read_text(encoding="utf-8") for path in sorted(FLOWS.glob("*.yaml"))]


async def import_demo_flows(
    db: Connection, toolbox: Toolbox, channels: Mapping[str, Capabilities], *, actor: Actor, now: datetime
) -> None:
    """Publish them all, checked against these tools and channels. Raises FlowNotReady."""
    around = Surroundings(tools=signatures_of(toolbox), channels=dict(channels))
    await import_flows(db, demo_flows(), around=around, actor=actor, now=now)
