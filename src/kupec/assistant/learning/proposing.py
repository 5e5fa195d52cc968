"""Suggestions: open questions that mean the same, gathered, named, and what might be done about them."""

from datetime import datetime

from kupec.kit.db import Database


async def propose(database: Database, *, now: datetime) -> int:
    """Gather the open questions into suggestions; returns how many are new, or came back since they grew."""
    return 0
