"""What has changed since: the event log of the admin API."""

from litestar import Response, get

from kupec.integrations import MOST_CHANGES, read_changes
from kupec.web.api.handling import Query, answer
from kupec.web.rendering import AnyRequest, site_of

USUAL = 100


@get("/changes", opt={"scope": "changes.read"})
async def list_changes(request: AnyRequest) -> Response[bytes]:
    """What has happened after a cursor."""
    query = Query(request)
    async with site_of(request).database.reading() as db:
        changes = await read_changes(
            db,
            cursor=query.text("cursor"),
            kinds=query.words("kinds", most=50),
            limit=query.limit(MOST_CHANGES) if query.text("limit") else USUAL,
        )
    return answer(changes)
