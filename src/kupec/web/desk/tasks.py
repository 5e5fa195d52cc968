"""Tasks: what needs a person, the most urgent first, and how it ended."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import Task, finish_task, list_tasks, parties_by_ids
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.desk.reader import Reader
from kupec.web.desk.sentences import code_in_words
from kupec.web.desk.timeline import subject_page
from kupec.web.forms import query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

LIMIT = 200


def task_titles(tasks: Sequence[Task], reader: Reader) -> dict[UUID, str]:
    """What the tasks say: their msgid in the reader's language, filled from their details."""
    return {task.id: _title(task, reader) for task in tasks}


def _title(task: Task, reader: Reader) -> str:
    values: dict[str, Any] = dict(task.details)
    if isinstance(values.get("amount"), int) and "currency" in values:
        values["amount"] = reader.money(values["amount"], values["currency"])
    try:
        return reader.text(task.title).format_map(values)
    except (KeyError, ValueError, IndexError):
        return task.title


def task_reasons(tasks: Sequence[Task], reader: Reader) -> dict[UUID, list[str]]:
    """What the tasks' details say beyond the title: how much money, and why."""
    return {task.id: _reasons(task, reader) for task in tasks}


def _reasons(task: Task, reader: Reader) -> list[str]:
    amount, currency = task.details.get("amount"), task.details.get("currency")
    said = [reader.money(amount, currency)] if isinstance(amount, int) and isinstance(currency, str) else []
    codes = (task.details.get("code"), task.details.get("error_code"))
    return said + [code_in_words(str(code), reader) for code in codes if code]


@get("/tasks", opt={"permission": "tasks.write"})
async def tasks(request: AnyRequest) -> Response[str]:
    return await _page(request, {})


@post("/tasks/{task_id:uuid}/finish", opt={"permission": "tasks.write"})
async def finish(request: AnyRequest, task_id: FromPath[UUID]) -> Response[Any]:
    site, form, language = site_of(request), await read_form(request), language_of(request)
    try:
        outcome = form.text("outcome", most=300)
        if not outcome:
            raise InvalidValue(field="outcome", expected=_("a few words on how it ended"))
        async with site.database.transaction() as db:
            await finish_task(db, task_id, outcome, actor=actor_of(request), now=site.clock.now())
    except InvalidValue as error:
        return await _page(request, {f"{task_id}.outcome": in_words(error, language)}, error.status)
    except KupecError as error:
        return go(request, "/desk/tasks", failed=explain(error, language))
    return go(request, "/desk/tasks", done=reader_of(request).text(_("The task is done.")))


async def _page(request: AnyRequest, errors: dict[str, str], status: int = 200) -> Response[str]:
    reader = reader_of(request)
    show_done = query_form(request).text("done") == "1"
    async with site_of(request).database.reading() as db:
        rows = await list_tasks(db, open_only=not show_done, limit=LIMIT)
        ids = sorted({task.customer_id for task in rows if task.customer_id})
        return await desk_page(
            request,
            db,
            "desk/tasks.html",
            section="tasks",
            status=status,
            open_tasks=[task for task in rows if task.done_at is None],
            done_tasks=[task for task in rows if task.done_at is not None],
            show_done=show_done,
            titles=task_titles(rows, reader),
            reasons=task_reasons(rows, reader),
            parties=await parties_by_ids(db, ids),
            page_of=subject_page,
            errors=errors,
        )
