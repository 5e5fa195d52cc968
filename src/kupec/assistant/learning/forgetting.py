"""What customers said is forgotten here too: with them, with their conversation, and when its time is over.

A model keeps weights of groups of letters, no texts; the texts it was made of are stored beside it, and go. It answers
on, but it cannot be made again byte for byte.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kupec.assistant.learning.cases import folded
from kupec.assistant.learning.drafting import name_of
from kupec.assistant.learning.orders import TRAIN
from kupec.assistant.learning.rules import LEARNING
from kupec.kit.db import Connection
from kupec.kit.jobs import enqueue
from kupec.kit.versions import published

THEIRS: Final = "(customer_id = any($1::uuid[]) or conversation_id in ({talks}))".format(
    talks="select id from conversation where customer_id = any($1::uuid[])"
)
"""SQL: whether a question, phrase or case is of one of these customers."""


async def before_erasing(db: Connection, members: Sequence[UUID], now: datetime) -> dict[str, int]:
    """What a declaration cannot say: names and drafts of suggestions, and what models were made of."""
    rows = await db.fetch(f"select id from missed_question where {THEIRS}", list(members))  # noqa: S608
    forms = await db.fetch(
        f"""
        select folded from missed_question where {THEIRS}
        union select folded from learnt_phrase where {THEIRS}
        union select folded from labelled_case where {THEIRS}
        union select folded from article_phrasing where customer_id = any($1::uuid[])
        """,  # noqa: S608
        list(members),
    )
    counts = {"suggestion": await unname(db, [row["id"] for row in rows])}
    counts["bot_model"] = await forget_forms(db, {row["folded"] for row in forms})
    return {name: count for name, count in counts.items() if count}


async def unname(db: Connection, question_ids: Sequence[UUID]) -> int:
    """These questions are about to go: suggestions are called by what is left of them, and lose their drafts.

    One without any other question goes with them, unless it was decided: then it stays without words.
    """
    rows = await db.fetch(
        """
        select s.id, s.state, s.telling, (
                   select array_agg(q.text order by q.created_at desc) from missed_question q
                    where q.suggestion_id = s.id and not q.id = any($1::uuid[])) as others
          from suggestion s
         where s.id in (select suggestion_id from missed_question where id = any($1::uuid[]))
         order by s.id for no key update
        """,
        list(question_ids),
    )
    for row in rows:
        others: list[str] = row["others"] or []
        forms = [folded(text) for text in others]
        telling = [phrase for phrase in row["telling"] if any(folded(phrase) in form for form in forms)]
        if not others and row["state"] == "open":
            await db.execute("delete from suggestion where id = $1", row["id"])
        else:
            name = name_of(others) if others else ""
            await db.execute(
                "update suggestion set name = $2, telling = $3, draft = null where id = $1", row["id"], name, telling
            )
    return len(rows)


async def forget_forms(db: Connection, forms: Collection[str]) -> int:
    """Take texts of these folded forms out of what models were made of, and order a training without them."""
    if not forms:
        return 0
    changed = 0
    for row in await db.fetch("select id, training from bot_model where training is not null order by id"):
        told: dict[str, Any] = row["training"]
        phrases = [phrase for phrase in told["phrases"] if folded(phrase[0]) not in forms]
        outside = [text for text in told["outside"] if folded(text) not in forms]
        if (len(phrases), len(outside)) != (len(told["phrases"]), len(told["outside"])):
            changed += 1
            left = {**told, "phrases": phrases, "outside": outside}
            await db.execute("update bot_model set training = $2 where id = $1", row["id"], left)
    if changed:
        await enqueue(db, [(TRAIN, {})])
    return changed


async def forget_learnt(db: Connection, now: datetime, limit: int) -> int:
    """Forget questions whose conversation has been emptied, and words of customers that were learnt from long ago.

    How long is in the document LEARNING (`keep_days`). Returns how many rows that were.
    """
    days = (await published(db, LEARNING))[LEARNING].keep_days
    long_ago = now - timedelta(days=days) if days else None
    rows = await db.fetch(
        """
        select q.id from missed_question q left join conversation c on c.id = q.conversation_id
         where c.emptied_at is not null or (c.id is null and q.created_at < $1)
         order by q.id limit $2 for no key update of q skip locked
        """,
        *(long_ago, limit),
    )
    ids = [row["id"] for row in rows]
    if ids:
        await unname(db, ids)
        await db.execute("delete from missed_question where id = any($1::uuid[])", ids)
    if long_ago is None:
        return len(ids)
    forms: set[str] = set()
    for table in ("learnt_phrase", "labelled_case"):
        gone = await db.fetch(
            f"""
            delete from {table} where id in (
                select id from {table} where customer_id is not null and created_at < $1 order by id limit $2)
            returning folded
            """,  # noqa: S608
            *(long_ago, limit),
        )
        forms |= {row["folded"] for row in gone}
    await forget_forms(db, forms)
    return max(len(ids), len(forms))
