"""Looking through one customer's story: what events say, and what was said, noted, written and looked for."""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from uuid import UUID

from kupec.customers import Matching, mentioned
from kupec.kit.db import Connection
from kupec.kit.text import fold
from kupec.web.desk.reader import Reader
from kupec.web.desk.sentences import SENTENCES

LONGEST = 100
_SHORTEST_WORD = 3
_MOST_MAILS = 500
_MOST_LINES = 5_000
_FIGURE = re.compile(r"[0-9][0-9\s\u00a0]*(?:[.,][0-9]{1,2})?")
_PLACEHOLDER = re.compile(r"\{[^}]*\}")


async def matching(db: Connection, members: Sequence[UUID], text: str, reader: Reader) -> Matching | None:
    """What `text` means in the story of the customer with these ids; None for nothing. All of it is theirs alone."""
    text = " ".join(text.split())[:LONGEST]
    if not text:
        return None
    ids = [
        *await mentioned(db, members, text),
        *await _mails(db, members, text),
        *await _orders(db, members, text),
        *await _messages(db, members, text),
    ]
    return Matching(text=text, names=_said(text, reader), ids=[*map(str, ids), *_figures(text)])


async def _mails(db: Connection, members: Sequence[UUID], text: str) -> list[UUID]:
    rows = await db.fetch(
        "select id, title, text from mail where customer_id = any($1::uuid[]) "
        "order by created_at desc, id desc limit $2",
        *(members, _MOST_MAILS),
    )
    wanted = fold(text)
    return [row["id"] for row in rows if wanted in fold(row["title"]) or wanted in fold(row["text"])]


async def _orders(db: Connection, members: Sequence[UUID], text: str) -> list[UUID]:
    """Orders of what is called so."""
    rows = await db.fetch(
        """
        select o.id, l.name, l.sku from sales_order o join order_line l on l.order_id = o.id
        where o.customer_id = any($1::uuid[]) order by o.placed_at desc nulls last limit $2
        """,
        *(members, _MOST_LINES),
    )
    wanted = fold(text)
    return list({row["id"] for row in rows if wanted in fold(row["name"]) or wanted in fold(row["sku"])})


async def _messages(db: Connection, members: Sequence[UUID], text: str) -> list[UUID]:
    """What was said in the customer's conversations."""
    rows = await db.fetch(
        """
        select message.id, message.text from message join conversation on conversation.id = message.conversation_id
        where conversation.customer_id = any($1::uuid[]) and message.kind in ('incoming', 'outgoing', 'note')
        order by message.created_at desc limit $2
        """,
        *(members, _MOST_LINES),
    )
    wanted = fold(text)
    return [row["id"] for row in rows if wanted in fold(row["text"])]


def _said(text: str, reader: Reader) -> list[str]:
    """Events whose sentence says so in the reader's language."""
    wanted = fold(text)
    if len(wanted) < _SHORTEST_WORD:
        return []
    said = {
        name.partition(":")[0]
        for name, sentence in SENTENCES.items()
        if ":" not in name and wanted in fold(_PLACEHOLDER.sub("", reader.text(sentence)))
    }
    return sorted(said)


def _figures(text: str) -> list[str]:
    """An amount as people write it is in the log in minor units."""
    if not _FIGURE.fullmatch(text):
        return []
    plain = re.sub(r"[\s\u00a0]", "", text).replace(",", ".")
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        return []
    return sorted({str(int(amount * 100)), plain} | ({str(int(amount))} if amount == int(amount) else set()))
