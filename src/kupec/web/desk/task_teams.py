"""Teams: named lists of staff that tasks are given to."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import list_teams, remove_team, save_team
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.staff import list_staff
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

HERE = "/desk/tasks/teams"
PERMISSION = "settings.write"


@get("/tasks/teams", opt={"permission": PERMISSION})
async def teams(request: AnyRequest) -> Response[str]:
    return await _page(request)


@post("/tasks/teams", opt={"permission": PERMISSION})
async def make_team(request: AnyRequest) -> Response[Any]:
    return await _save(request, None)


@post("/tasks/teams/{team_id:uuid}", opt={"permission": PERMISSION})
async def change_team(request: AnyRequest, team_id: FromPath[UUID]) -> Response[Any]:
    return await _save(request, team_id)


@post("/tasks/teams/{team_id:uuid}/remove", opt={"permission": PERMISSION})
async def drop_team(request: AnyRequest, team_id: FromPath[UUID]) -> Response[Any]:
    site = site_of(request)
    try:
        async with site.database.transaction() as db:
            await remove_team(db, team_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, HERE, failed=explain(error, language_of(request)))
    return go(request, HERE, done=reader_of(request).text(_("The team is gone; its tasks belong to nobody now.")))


async def _save(request: AnyRequest, team_id: UUID | None) -> Response[Any]:
    site, form, place = site_of(request), await read_form(request), str(team_id or "new")
    try:
        async with site.database.transaction() as db:
            people = {str(one.id): one.id for one in await list_staff(db) if one.active}
            members = [people[text] for text in form.all("member") if text in people]
            await save_team(
                db, form.text("name"), members, team_id=team_id, actor=actor_of(request), now=site.clock.now()
            )
    except InvalidValue as error:
        return await _page(request, {f"{place}.name": in_words(error, language_of(request))}, error.status)
    except KupecError as error:
        if error.field is None:
            return go(request, HERE, failed=explain(error, language_of(request)))
        return await _page(request, {f"{place}.name": explain(error, language_of(request))}, error.status)
    return go(request, HERE, done=reader_of(request).text(_("The team is saved.")))


async def _page(request: AnyRequest, errors: dict[str, str] | None = None, status: int = 200) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/task_teams.html",
            section="tasks",
            status=status,
            teams=await list_teams(db),
            staff=[one for one in await list_staff(db) if one.active],
            errors=errors or {},
        )


routes = (teams, make_team, change_team, drop_team)
