"""What was learnt from customers is forgotten when its time is over, in rows and in what models were made of."""

from datetime import datetime, timedelta
from uuid import UUID

from kupec.assistant import LEARNING, LearningRules, forget_learnt
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.kit.versions import publish_new
from tests.conversations.paper import paper_inbox
from tests.shop import NOON

RECENT = NOON - timedelta(days=29)
LONG_AGO = NOON - timedelta(days=31)


async def test_what_was_learnt_is_forgotten_when_its_time_is_over(db: Connection) -> None:
    inbox = await paper_inbox(db)
    emptied, talk, customer, pair, lone = (uuid7() for _ in range(5))
    for one, at in ((emptied, NOON), (talk, None)):
        await db.execute(
            "insert into conversation (id, inbox_id, customer_id, created_at, last_message_at, emptied_at) "
            "values ($1, $2, $3, $4, $4, $5)",
            *(one, inbox.id, customer, LONG_AGO, at),
        )
    for suggestion, name in ((pair, "gift card"), (lone, "old tea")):
        await db.execute(
            "insert into suggestion (id, kind, name, telling, draft, created_at, updated_at) "
            "values ($1, 'article', $2, $3, '{\"text\": \"Anna says\"}', $4, $4)",
            *(suggestion, name, ["gift", "old"], NOON),
        )
    await _asked(db, "a gift card", emptied, RECENT, pair)
    await _asked(db, "an old gift", talk, LONG_AGO, pair)
    await _asked(db, "old tea", None, LONG_AGO, lone)
    await _asked(db, "new tea", None, RECENT, None)
    for table, more in (("learnt_phrase", ""), ("labelled_case", ", true, 'desk'")):
        columns = "id, text, folded, language, intent, author, created_at, customer_id"
        columns += ", held_out, source" if more else ""
        for text, who, at in (("told long ago", customer, LONG_AGO), ("told now", customer, RECENT)):
            await db.execute(
                f"insert into {table} ({columns}) values ($1, $2, $2, 'en', 'tea', 'ema', $3, $4{more})",
                *(uuid7(), f"{table} {text}", at, who),
            )
        await db.execute(
            f"insert into {table} ({columns}) values ($1, $2, $2, 'en', 'tea', 'ema', $3, null{more})",
            *(uuid7(), f"{table} of the house", LONG_AGO),
        )
    made: dict[str, list[object]] = {
        "phrases": [[f"learnt_phrase {text}", "en", "tea"] for text in ("told long ago", "told now", "of the house")],
        "outside": ["labelled_case told long ago", "labelled_case told now"],
    }
    await db.execute(
        "insert into bot_model (id, trained_at, fingerprint, phrases, intents, threshold, seconds, data, state, "
        "training) values ($1, $2, 'f', 3, 1, 0.5, 0, '', 'live', $3)",
        *(uuid7(), NOON, made),
    )
    await publish_new(db, LEARNING, LearningRules(keep_days=0), actor=system("test"), now=NOON)
    assert await forget_learnt(db, NOON, 100) == 1, "without a limit only what its conversation has lost"
    assert await _left(db) == {"an old gift", "old tea", "new tea"}
    row = await db.fetchrow("select name, telling, draft from suggestion where id = $1", pair)
    assert row is not None
    assert (row["name"], row["telling"], row["draft"]) == ("an old gift", ["gift", "old"], None)
    await publish_new(db, LEARNING, LearningRules(keep_days=30), actor=system("test"), now=NOON)
    assert await forget_learnt(db, NOON, 100) == 2
    assert await _left(db) == {"an old gift", "new tea"}, "a conversation that is still there keeps its questions"
    assert await db.fetchval("select count(*) from suggestion where id = $1", lone) == 0
    for table in ("learnt_phrase", "labelled_case"):
        rows = await db.fetch(f"select text from {table}")
        assert {one["text"] for one in rows} == {f"{table} told now", f"{table} of the house"}
    assert await db.fetchval("select training from bot_model") == {
        "phrases": made["phrases"][1:],
        "outside": ["labelled_case told now"],
    }
    assert await db.fetchval("select count(*) from job where name = 'train the bot'") == 1
    assert await forget_learnt(db, NOON, 100) == 0


async def _asked(db: Connection, text: str, talk: UUID | None, at: datetime, suggestion: UUID | None) -> None:
    await db.execute(
        "insert into missed_question (id, reason, conversation_id, text, folded, language, channel, suggestion_id, "
        "created_at) values ($1, 'unknown', $2, $3, $3, 'en', 'web', $4, $5)",
        *(uuid7(), talk, text, suggestion, at),
    )


async def _left(db: Connection) -> set[str]:
    return {row["text"] for row in await db.fetch("select text from missed_question")}
