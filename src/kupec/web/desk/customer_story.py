"""A customer's tab with what is to be done and all that happened."""

from datetime import datetime
from typing import Any

from kupec.customers import tasks_of, timeline
from kupec.kit.db import Connection
from kupec.web.desk.customer_view import CustomerView
from kupec.web.desk.orders import write_cursor
from kupec.web.desk.page import reader_of
from kupec.web.desk.tasks import task_titles
from kupec.web.desk.timeline import days
from kupec.web.rendering import AnyRequest

HISTORY = 50


async def story(request: AnyRequest, db: Connection, page: CustomerView) -> dict[str, Any]:
    reader = reader_of(request)
    before = _event_cursor(page.query.text("until"))
    events = await timeline(db, page.party.id, before=before, limit=HISTORY + 1)
    more = len(events) > HISTORY
    events = events[:HISTORY]
    tasks = await tasks_of(db, page.members)
    return {
        "open_tasks": tasks,
        "titles": task_titles(tasks, reader),
        "history": await days(db, events, reader, here=f"customer:{page.party.id}"),
        "before": before,
        "older": write_cursor(events[-1].occurred_at, events[-1].id) if more else None,
    }


def _event_cursor(text: str) -> tuple[datetime, int] | None:
    moment, _separator, key = text.partition("_")
    try:
        read = datetime.fromisoformat(moment), int(key)
    except ValueError:
        return None
    return read if read[0].tzinfo and 0 <= read[1] < 2**63 else None
