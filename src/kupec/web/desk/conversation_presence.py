"""Who else looks at a conversation, or types in it, now."""

from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from kupec.conversations import note_presence, presence_of, see_note_mentions
from kupec.kit.i18n import mark as _
from kupec.staff import staff_names
from kupec.web.desk.gate import staff_of
from kupec.web.desk.page import reader_of
from kupec.web.desk.reader import Reader
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, site_of


@post("/inbox/{conversation_id:uuid}/here", opt={"permission": "conversations.write"})
async def here(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[str]:
    """I am here (typing, or not); answers with a line about the others."""
    site, form, me = site_of(request), await read_form(request), staff_of(request)
    now = site.clock.now()
    async with site.database.transaction(quiet=True) as db:
        if await db.fetchval("select true from conversation where id = $1", conversation_id):
            await note_presence(
                db, conversation_id, f"staff:{me.id}", typing=bool(form.text("typing", most=10_000)), now=now
            )
            await see_note_mentions(db, me.id, conversation_id=conversation_id, now=now)
        found = (await presence_of(db, [conversation_id], now=now)).get(conversation_id, [])
        others = {
            UUID(one.who[6:]): one.typing for one in found if one.who.startswith("staff:") and one.who[6:] != str(me.id)
        }
        names = await staff_names(db, sorted(others)) if others else {}
    customer = any(one.who == "customer" and one.typing for one in found)
    line = _line({names.get(key, "—"): typing for key, typing in others.items()}, customer, reader_of(request))
    return Response(line, status_code=200, media_type="text/plain", headers={"Cache-Control": "private, no-store"})


def _line(others: dict[str, bool], customer: bool, reader: Reader) -> str:
    typing = ", ".join(name for name, types in others.items() if types)
    looking = ", ".join(name for name, types in others.items() if not types)
    said = [
        reader.text(_("The customer is typing…")) if customer else "",
        reader.text(_("Typing here: {names}")).format(names=typing) if typing else "",
        reader.text(_("Looking at it: {names}")).format(names=looking) if looking else "",
    ]
    return " · ".join(part for part in said if part)


routes = (here,)
