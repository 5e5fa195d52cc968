"""Suggestions: open questions that mean the same, gathered, named, and what might be done about them.

Questions belong to one suggestion. Gathering again adds to those there are and doubles none; what was dismissed takes
in the questions like it, quietly, until so many more customers ask that it comes back.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.assistant.learning.asked import window
from kupec.assistant.learning.drafting import draft_article, draft_flow, name_of, unmarked
from kupec.assistant.learning.errors import TrainingFailed
from kupec.assistant.learning.events import SuggestionMade
from kupec.assistant.learning.material import ARTICLE
from kupec.assistant.learning.models import SuggestionKind
from kupec.assistant.learning.reviewing import answers_of
from kupec.assistant.learning.rules import LEARNING, LearningRules
from kupec.assistant.settings import BOT
from kupec.assistant.understanding import IntentModel, UnreadableModel
from kupec.kit.actor import system
from kupec.kit.apart import apart
from kupec.kit.db import Connection, Database
from kupec.kit.encoder import encoder_at_hand, encoder_directory
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.kit.versions import published
from kupec.knowledge import search

_CLUSTERER: Final = "kupec.assistant.understanding.clustering"
_ACTOR: Final = system("learning")
_MOST = 5_000
_LONGEST = 500
"""Characters of a question; what is longer tells a story."""
_LOOKED_AT = 30
"""Members that are looked up for what a suggestion might be."""
_DECIDED_BY = 12
"""Telling phrases kept."""


class _Open(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    text: str
    language: str
    customer: UUID
    suggestion_id: UUID | None
    state: str | None


class _Heap(msgspec.Struct, frozen=True, kw_only=True):
    members: list[_Open]
    telling: list[str]

    @property
    def language(self) -> str:
        spoken = {one.language for one in self.members}
        return spoken.pop() if len(spoken) == 1 else ""


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A suggestion about to be made of a heap."""

    heap: _Heap
    kind: SuggestionKind
    target: str | None
    probability: float | None
    draft: dict[str, Any] | None


async def propose(database: Database, *, now: datetime) -> int:
    """Gather the open questions into suggestions; returns how many are new, or came back since they grew.

    Emits suggestion.made.
    """
    async with database.reading() as db:
        rules = (await published(db, LEARNING))[LEARNING]
        questions = await _open(db, rules, now)
    heaps = await _gathered(questions, rules)
    async with database.reading() as db:
        model = await _live(db)
        plans = [await _planned(db, heap, model, rules) for heap in heaps]
    async with database.transaction() as db:
        await db.execute("select pg_advisory_xact_lock(hashtextextended('suggestions', 0))")
        made = 0
        for plan in plans:
            made += await _write(db, plan, rules, now)
        await db.execute(
            "update missed_question set looked_at = $2 where id = any($1::uuid[])", [one.id for one in questions], now
        )
        return made


async def _open(db: Connection, rules: LearningRules, now: datetime) -> list[_Open]:
    rows = await db.fetch(
        """
        select q.id, q.text, q.language, coalesce(a.party_id, q.customer_id, q.id) as customer, q.suggestion_id,
               s.state
          from missed_question q
          left join suggestion s on s.id = q.suggestion_id
          left join party_alias a on a.member_id = q.customer_id
         where q.alone and q.text <> '' and length(q.text) <= $2 and q.created_at >= $1
           and (q.settled is null or s.state = 'dismissed')
         order by q.created_at desc, q.id limit $3
        """,
        *(window(now, rules.days), _LONGEST, _MOST),
    )
    return [_Open(**dict(row)) for row in rows]


async def _gathered(questions: Sequence[_Open], rules: LearningRules) -> list[_Heap]:
    """Heaps of questions alike, in a process of its own; each language apart unless the rules say otherwise."""
    apart_by: dict[str, list[_Open]] = {}
    for one in questions:
        apart_by.setdefault("" if rules.across else one.language, []).append(one)
    heaps: list[_Heap] = []
    for _language, group in sorted(apart_by.items()):
        if len(group) < rules.questions:
            continue
        order = {"texts": [unmarked(one.text) for one in group], "encoder": encoder_directory() or None}
        told = msgspec.json.decode(await apart(_CLUSTERER, msgspec.json.encode(order), failed=TrainingFailed))
        members: dict[int, list[_Open]] = {}
        for one, label in zip(group, told["labels"], strict=True):
            if label >= 0:
                members.setdefault(label, []).append(one)
        heaps += [
            _Heap(members=members[label], telling=told["telling"].get(str(label), [])) for label in sorted(members)
        ]
    return heaps


async def _live(db: Connection) -> IntentModel:
    data = await db.fetchval("select data from bot_model where state = 'live'")
    try:
        return (
            await asyncio.to_thread(IntentModel.load, data, encoder_at_hand())
            if data is not None
            else IntentModel.empty()
        )
    except UnreadableModel:
        return IntentModel.empty()


async def _planned(db: Connection, heap: _Heap, model: IntentModel, rules: LearningRules) -> _Plan:
    """The nearest intent where it fits; else an article where people have answered; else a flow."""
    target, probability = await _nearest(db, heap, model)
    if target is not None and probability >= rules.fits:
        return _Plan(heap=heap, kind="phrase", target=target, probability=probability, draft=None)
    name, telling = name_of(heap.telling), heap.telling[1:]
    answers = await answers_of(db, [one.id for one in heap.members])
    if answers:
        codes = {row["code"] for row in await db.fetch("select code from article")}
        article = draft_article(name, telling, heap.language, answers, codes)
        return _Plan(heap=heap, kind="article", target=target, probability=probability, draft=_plain(article))
    codes = {row["code"] for row in await db.fetch("select distinct code from flow_version")}
    flow = draft_flow(name, telling, heap.language, codes)
    return _Plan(heap=heap, kind="intent", target=target, probability=probability, draft=_plain(flow))


def _plain(draft: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(draft)
    return plain


async def _nearest(db: Connection, heap: _Heap, model: IntentModel) -> tuple[str | None, float]:
    """The intent that the model and knowledge together find nearest, with its mean probability."""
    does = (await published(db, BOT))[BOT].does
    found: Counter[str] = Counter()
    looked_at = heap.members[:_LOOKED_AT]
    for one in looked_at:
        best: dict[str, float] = {guess.intent: guess.probability for guess in model.guess(one.text, best=3)}
        hits = await search(db, one.text, language=one.language, channel="", voice=False, audience="formal", limit=1)
        for hit in hits:
            intent = does.get(hit.article_code) or ARTICLE + hit.article_code
            best[intent] = max(best.get(intent, 0.0), hit.score)
        found.update(best)
    if not found:
        return None, 0.0
    intent, total = max(found.items(), key=lambda pair: (pair[1], pair[0]))
    return intent, min(1.0, total / len(looked_at))


# --- writing ---------------------------------------------------------------------------------------


async def _write(db: Connection, plan: _Plan, rules: LearningRules, now: datetime) -> int:
    members = await _still_open(db, plan.heap)
    free = [one for one in members if one.suggestion_id is None]
    of_open = Counter(one.suggestion_id for one in members if one.state == "open")
    of_dismissed = Counter(one.suggestion_id for one in members if one.state == "dismissed")
    if of_open:
        await _join(db, of_open.most_common(1)[0][0], free, now)
        return 0
    if of_dismissed:
        suggestion_id = of_dismissed.most_common(1)[0][0]
        assert suggestion_id is not None, "counted above"
        await _join(db, suggestion_id, free, now, quietly=True)
        return await _come_back(db, suggestion_id, rules, now)
    if len(free) < rules.questions or len({one.customer for one in free}) < rules.customers:
        return 0
    suggestion_id = uuid7()
    await db.execute(
        """
        insert into suggestion (id, kind, name, telling, language, target, probability, draft, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
        """,
        *(suggestion_id, plan.kind, name_of(plan.heap.telling), plan.heap.telling[1:_DECIDED_BY]),
        *(plan.heap.language, plan.target, plan.probability, plan.draft, now),
    )
    await _join(db, suggestion_id, free, now)
    await _tell(db, suggestion_id, SuggestionMade(kind=plan.kind, questions=len(free)), now)
    return 1


async def _still_open(db: Connection, heap: _Heap) -> list[_Open]:
    """As they stand now: while they were gathered, people may have decided. Suggestions first, then questions."""
    ids = [one.id for one in heap.members]
    await db.fetch(
        "select id from suggestion where id in (select suggestion_id from missed_question where id = any($1::uuid[])) "
        "order by id for no key update",
        ids,
    )
    rows = await db.fetch(
        """
        select q.id, q.text, q.language, coalesce(a.party_id, q.customer_id, q.id) as customer, q.suggestion_id,
               s.state
          from missed_question q
          left join suggestion s on s.id = q.suggestion_id
          left join party_alias a on a.member_id = q.customer_id
         where q.id = any($1::uuid[]) and (q.settled is null or s.state = 'dismissed')
         order by q.id for no key update of q
        """,
        ids,
    )
    return [_Open(**dict(row)) for row in rows]


async def _join(
    db: Connection, suggestion_id: UUID | None, free: Sequence[_Open], now: datetime, *, quietly: bool = False
) -> None:
    if not free:
        return
    await db.execute(
        "update missed_question set suggestion_id = $2, settled = case when $3 then 'ignored' else settled end, "
        "settled_at = case when $3 then $4 else settled_at end where id = any($1::uuid[])",
        *([one.id for one in free], suggestion_id, quietly, now),
    )
    await db.execute("update suggestion set updated_at = $2 where id = $1", suggestion_id, now)


async def _come_back(db: Connection, suggestion_id: UUID, rules: LearningRules, now: datetime) -> int:
    """What was dismissed is open again when many more customers ask."""
    row = await db.fetchrow(
        """
        select s.kind, s.seen, count(*)::int as questions,
               count(distinct coalesce(a.party_id, q.customer_id, q.id))::int as customers
          from suggestion s join missed_question q on q.suggestion_id = s.id
          left join party_alias a on a.member_id = q.customer_id
         where s.id = $1 group by s.id
        """,
        suggestion_id,
    )
    if row is None or row["customers"] < max(row["seen"] * rules.grown, row["seen"] + rules.customers):
        return 0
    await db.execute(
        "update suggestion set state = 'open', decided_at = null, decided_by = null, updated_at = $2 where id = $1",
        *(suggestion_id, now),
    )
    await db.execute(
        "update missed_question set settled = null, settled_at = null where suggestion_id = $1", suggestion_id
    )
    await _tell(db, suggestion_id, SuggestionMade(kind=row["kind"], questions=row["questions"], again=True), now)
    return 1


async def _tell(db: Connection, suggestion_id: UUID, payload: SuggestionMade, now: datetime) -> None:
    happened = Happened(payload=payload, subject=f"suggestion:{suggestion_id}", occurred_at=now)
    await emit(db, [happened], actor=_ACTOR)
