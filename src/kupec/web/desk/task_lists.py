"""The board of tasks as its address asks for it, and the page around it."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from kupec.customers import (
    PRIORITIES,
    VIEWS,
    Task,
    TaskFilter,
    View,
    board,
    board_counts,
    members_of,
    parties_by_ids,
)
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go
from kupec.web.desk.task_form import People, people_of
from kupec.web.desk.task_words import (
    ENDED_WORDS,
    PRIORITY_TONES,
    PRIORITY_WORDS,
    by_day,
    grouped,
    my_reader,
    reminder_in_words,
    repeat_in_words,
    task_reasons,
    task_titles,
)
from kupec.web.desk.timeline import subject_page
from kupec.web.forms import Form, query_form
from kupec.web.rendering import AnyRequest, language_of, site_of

LIMIT = 200
HERE = "/desk/tasks"
VIEW_WORDS: dict[View, str] = {
    "mine": _("Mine"),
    "team": _("My teams"),
    "all": _("All"),
    "overdue": _("Past due"),
    "done": _("Closed"),
}


class TaskList(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it."""

    view: View
    who: str
    priority: str
    customer: str
    page: int
    rows: list[Task]
    more: bool

    @property
    def filters(self) -> dict[str, Any]:
        """What of an address makes this list; the page is told apart."""
        view = self.view if self.view != "mine" else None
        return {"view": view, "who": self.who, "priority": self.priority, "customer": self.customer}


async def task_list(request: AnyRequest, db: Connection) -> TaskList:
    form = query_form(request)
    view: View = next((one for one in VIEWS if one == form.text("view")), "done" if form.text("done") else "mine")
    who, priority, customer = form.text("who"), form.text("priority"), _uuid(form.text("customer"))
    kind, _sign, key = who.partition(":")
    page = _page(form)
    only = TaskFilter(
        assignee_id=_uuid(key) if kind == "staff" else None,
        team_id=_uuid(key) if kind == "team" else None,
        priority=next((one for one in PRIORITIES if one == priority), None),
        members=await members_of(db, customer) if customer else None,
    )
    now = site_of(request).clock.now()
    rows = await board(
        db, view, actor=actor_of(request), now=now, only=only, limit=LIMIT + 1, offset=(page - 1) * LIMIT
    )
    return TaskList(
        view=view,
        who=who if only.assignee_id or only.team_id else "",
        priority=only.priority or "",
        customer=str(customer) if customer else "",
        page=page,
        rows=rows[:LIMIT],
        more=len(rows) > LIMIT,
    )


def _page(form: Form) -> int:
    text = form.text("page")
    return max(1, min(int(text), 10_000)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def board_page(
    request: AnyRequest,
    db: Connection,
    *,
    opened: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
    people: People | None = None,
    shown: Task | None = None,
    **context: Any,
) -> Response[str]:
    """The board, and beside it what was `opened`: a task ("task") that is `shown`, or a form for a new one ("new")."""
    reader, listing = my_reader(request), await task_list(request, db)
    tasks = [*listing.rows, *([shown] if shown else [])]
    known = people or await people_of(db)
    ids = sorted({task.customer_id for task in tasks if task.customer_id})
    return await desk_page(
        request,
        db,
        "desk/tasks.html",
        section="tasks",
        status=status,
        listing=listing,
        groups=by_day(listing.rows, reader) if listing.view == "done" else grouped(listing.rows, reader),
        counts=await board_counts(db, actor=actor_of(request), now=reader.now),
        view_words=VIEW_WORDS,
        mine=reader,
        people=known,
        titles=task_titles(tasks, reader),
        reasons=task_reasons(tasks, reader),
        parties=await parties_by_ids(db, ids),
        page_of=subject_page,
        priorities=PRIORITY_WORDS,
        priority_tones=PRIORITY_TONES,
        ended_words=ENDED_WORDS,
        repeat=lambda rule: repeat_in_words(rule, reader),
        reminder=lambda minutes: reminder_in_words(minutes, language_of(request)),
        opened_what=opened,
        shown=shown,
        errors=errors or {},
        **context,
    )


def back_to_board(
    request: AnyRequest, *, done: str = "", failed: str = "", task_id: UUID | None = None
) -> Response[Any]:
    """See other: the list as it was, with the task open where one is named."""
    query = f"?{request.url.query}" if request.url.query else ""
    return go(request, f"{HERE}{f'/{task_id}' if task_id else ''}{query}", done=done, failed=failed)
