"""How Zrnko's conversations go: the flows in flows/, in three languages."""

from datetime import datetime
from pathlib import Path

from kupec.app.tools import toolbox
from kupec.assistant import Surroundings, import_flows, signatures_of
from kupec.kit.actor import Actor
from kupec.kit.db import Connection

FLOWS = Path(__file__).parent / "flows"


def demo_flows() -> list[str]:
    """The text of every flow, in the order of their names."""
    return [path.read_text(encoding="utf-8") for path in sorted(FLOWS.glob("*.yaml"))]


async def import_demo_flows(db: Connection, *, actor: Actor, now: datetime) -> None:
    """Publish them all, checked against the tools there are. Raises FlowNotReady."""
    around = Surroundings(tools=signatures_of(toolbox()))
    await import_flows(db, demo_flows(), around=around, actor=actor, now=now)
