"""A customer's tab with what the staff wrote down for each other, and the files that belong to them."""

from typing import Any

from kupec.customers import FILE_ENDINGS, files_of, notes_of
from kupec.kit.db import Connection
from kupec.web.desk.customer_view import CustomerView
from kupec.web.desk.gate import actor_of
from kupec.web.desk.mentions import colleagues
from kupec.web.desk.page import reader_of
from kupec.web.desk.timeline import authors
from kupec.web.rendering import AnyRequest


async def notes(request: AnyRequest, db: Connection, page: CustomerView) -> dict[str, Any]:
    found, files = await notes_of(db, page.members), await files_of(db, page.members)
    people = await colleagues(db)
    return {
        "notes": found,
        "files": files,
        "wrote": await authors(
            db, [*(one.author for one in found), *(one.author for one in files)], reader_of(request)
        ),
        "people": people,
        "mine": str(actor_of(request)),
        "endings": ",".join(f".{ending}" for ending in FILE_ENDINGS),
    }
