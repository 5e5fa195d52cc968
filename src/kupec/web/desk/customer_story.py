"""A customer's tab with what is to be done and all that happened: narrowed, looked through, live, page by page."""

from datetime import datetime
from typing import Any

from kupec.customers import tasks_of, timeline
from kupec.kit.db import Connection
from kupec.web.desk.customer_view import CustomerView
from kupec.web.desk.gate import actor_of
from kupec.web.desk.orders import write_cursor
from kupec.web.desk.page import reader_of
from kupec.web.desk.story_details import details_of
from kupec.web.desk.story_groups import GROUPS, names_in
from kupec.web.desk.story_search import LONGEST, matching
from kupec.web.desk.tasks import task_titles
from kupec.web.desk.timeline import days
from kupec.web.rendering import AnyRequest

HISTORY = 30
_MOST_LIVE = 50  # ids whose events a page listens for by themselves

TALKS = (
    ("call:in", "phone"),
    ("call:out", "phone"),
    ("visit", "home"),
    ("meeting", "users"),
    ("mail:in", "mail"),
    ("message:in", "chat"),
)


async def story(request: AnyRequest, db: Connection, page: CustomerView) -> dict[str, Any]:
    reader = reader_of(request)
    before = _event_cursor(page.query.text("until"))
    chosen = [group.key for group in GROUPS if group.key in page.query.all("kind")]
    find = page.query.text("find", most=10_000)[:LONGEST]
    events = await timeline(
        db,
        page.party.id,
        names=names_in(chosen),
        matching=await matching(db, page.members, find, reader),
        before=before,
        limit=HISTORY + 1,
    )
    more = len(events) > HISTORY
    events = events[:HISTORY]
    tasks = await tasks_of(db, page.members)
    narrowed: dict[str, Any] = {"find": find, "kind": chosen}
    return {
        "open_tasks": tasks,
        "titles": task_titles(tasks, reader),
        "history": await days(db, events, reader, here=f"customer:{page.party.id}"),
        "more_of": await details_of(db, events, reader, may=actor_of(request).may),
        "before": before,
        "older": write_cursor(events[-1].occurred_at, events[-1].id) if more else None,
        "groups": GROUPS,
        "chosen": chosen,
        "find": find,
        "narrowed": narrowed,
        "toggled": lambda key: {
            "find": find,
            "kind": [one for one in chosen if one != key] if key in chosen else [*chosen, key],
        },
        "live_of": " ".join(f"of:{member}" for member in page.members[:_MOST_LIVE]),
        "talks": TALKS,
        "talk": page.query.text("log", most=10_000)[:20] or "call:in",
    }


def _event_cursor(text: str) -> tuple[datetime, int] | None:
    moment, _separator, key = text.partition("_")
    try:
        read = datetime.fromisoformat(moment), int(key)
    except ValueError:
        return None
    return read if read[0].tzinfo and 0 <= read[1] < 2**63 else None
