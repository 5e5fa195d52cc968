"""Practice: somebody of the team plays a playbook against a customer who is not there, and sees what they forgot.

The customer says what the steps say, one after the other. An answer is measured by the points it holds: each is known
by words or phrases, compared without accents and endings, so that "vrátíme peníze" is found in "peníze vám vrátíme".
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kupec.conversations.events import PracticeFinished
from kupec.conversations.people_errors import PracticeOver
from kupec.conversations.playbooks import Playbook, PlayStep, get_playbook
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.text import fold

LONGEST_ANSWER = 5_000
_STEM = 5  # letters by which a word is known: its ending changes with its case
_SHORT = 4  # words that are compared whole


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One point of a good answer, and whether the answer had it."""

    hint: str
    met: bool


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer said, what was answered, and how good that was."""

    says: str
    answer: str
    verdicts: list[Verdict]
    model: str = ""


class Practice(msgspec.Struct, frozen=True, kw_only=True):
    """A run through a playbook. `says` is what the customer says now; None when it is finished."""

    id: UUID
    playbook_id: UUID
    staff_id: UUID
    turns: list[Turn]
    says: str | None
    step: int
    steps: int
    hit: int
    points: int
    started_at: datetime
    finished_at: datetime | None

    @property
    def score(self) -> int | None:
        """Of a hundred; None where the playbook has no points."""
        return round(100 * self.hit / self.points) if self.points else None


async def start_practice(db: Connection, playbook_id: UUID, *, actor: Actor, now: datetime) -> Practice:
    """Begin: the customer says their first words. Needs conversations.write. Raises NotFound."""
    actor.require("conversations.write")
    playbook: Playbook = await get_playbook(db, playbook_id)
    row = await db.fetchrow(
        "insert into practice (id, playbook_id, staff_id, steps, points, started_at) values ($1, $2, $3, $4, $5, $6) "
        "returning *",
        *(uuid7(), playbook_id, _staff(actor), [msgspec.to_builtins(step) for step in playbook.steps]),
        *(sum(len(step.points) for step in playbook.steps), now),
    )
    assert row is not None, "inserted"
    return _read(row)


async def practise(db: Connection, practice_id: UUID, answer: str, *, actor: Actor, now: datetime) -> Practice:
    """Answer the customer; they go on to their next words, and after the last the practice is finished.

    Only who began it may. Raises NotFound, Forbidden, PracticeOver, InvalidValue (answer). Emits practice.finished with
    the last answer.
    """
    row = await _lock(db, practice_id, actor)
    words = answer.strip()
    if not 0 < len(words) <= LONGEST_ANSWER:
        raise InvalidValue(field="answer", expected=_("an answer of at most 5,000 characters"))
    steps = msgspec.convert(row["steps"], list[PlayStep])
    step = steps[row["step"]]
    turn = Turn(says=step.says, answer=words, verdicts=judge(step, words), model=step.model)
    return await _go_on(db, row, turn, last=row["step"] + 1 == len(steps), actor=actor, now=now)


async def _go_on(
    db: Connection, row: asyncpg.Record, turn: Turn, *, last: bool, actor: Actor, now: datetime
) -> Practice:
    written = await db.fetchrow(
        "update practice set turns = turns || $2, step = step + 1, hit = hit + $3, finished_at = $4 where id = $1 "
        "returning *",
        *(row["id"], [msgspec.to_builtins(turn)], sum(one.met for one in turn.verdicts), now if last else None),
    )
    assert written is not None, "locked before"
    practice = _read(written)
    if last:
        payload = PracticeFinished(practice_id=practice.id, hit=practice.hit, points=practice.points)
        subject = f"playbook:{practice.playbook_id}"
        await emit(db, [Happened(payload=payload, subject=subject, occurred_at=now)], actor=actor)
    return practice


async def finish_practice(db: Connection, practice_id: UUID, *, actor: Actor, now: datetime) -> Practice:
    """End it before its last step: what was not answered counts as not met. Errors and events as `practise`."""
    row = await _lock(db, practice_id, actor)
    ended = await db.fetchrow("update practice set finished_at = $2 where id = $1 returning *", row["id"], now)
    assert ended is not None, "locked before"
    practice = _read(ended)
    payload = PracticeFinished(practice_id=practice.id, hit=practice.hit, points=practice.points)
    subject = f"playbook:{practice.playbook_id}"
    await emit(db, [Happened(payload=payload, subject=subject, occurred_at=now)], actor=actor)
    return practice


async def get_practice(db: Connection, practice_id: UUID, *, actor: Actor) -> Practice:
    """One's own, or anybody's with settings.write. Raises NotFound, Forbidden."""
    row = await db.fetchrow("select * from practice where id = $1", practice_id)
    if row is None:
        raise NotFound(what="practice")
    if row["staff_id"] != _staff(actor):
        actor.require("settings.write")
    return _read(row)


async def practices_of(
    db: Connection, *, staff_id: UUID | None = None, playbook_id: UUID | None = None, limit: int = 100, actor: Actor
) -> list[Practice]:
    """How people did, the latest first. One's own with conversations.write, others' with settings.write."""
    actor.require("conversations.write" if staff_id is not None and str(staff_id) == actor.id else "settings.write")
    rows = await db.fetch(
        """select * from practice where ($1::uuid is null or staff_id = $1) and ($2::uuid is null or playbook_id = $2)
            order by started_at desc, id desc limit $3""",
        *(staff_id, playbook_id, limit),
    )
    return [_read(row) for row in rows]


def judge(step: PlayStep, answer: str) -> list[Verdict]:
    """Which points an answer holds. Pure: a point is met when all words of one of its phrases are in the answer."""
    said = _known(answer)
    return [
        Verdict(hint=point.hint, met=any(_known(words) and _known(words) <= said for words in point.words))
        for point in step.points
    ]


def _known(text: str) -> frozenset[str]:
    words = "".join(char if char.isalnum() else " " for char in fold(text)).split()
    return frozenset(word if len(word) <= _SHORT or word.isdigit() else word[:_STEM] for word in words)


async def _lock(db: Connection, practice_id: UUID, actor: Actor) -> asyncpg.Record:
    actor.require("conversations.write")
    row = await db.fetchrow("select * from practice where id = $1 for no key update", practice_id)
    if row is None:
        raise NotFound(what="practice")
    if row["staff_id"] != _staff(actor):
        raise Forbidden(permission="conversations.write")
    if row["finished_at"] is not None:
        raise PracticeOver
    return row


def _staff(actor: Actor) -> UUID:
    try:
        return UUID(actor.id)
    except ValueError:
        raise NotFound(what="staff") from None


def _read(row: asyncpg.Record) -> Practice:
    steps: Sequence[PlayStep] = msgspec.convert(row["steps"], list[PlayStep])
    going = row["finished_at"] is None and row["step"] < len(steps)
    return Practice(
        id=row["id"],
        playbook_id=row["playbook_id"],
        staff_id=row["staff_id"],
        turns=msgspec.convert(row["turns"], list[Turn]),
        says=steps[row["step"]].says if going else None,
        step=row["step"],
        steps=len(steps),
        hit=row["hit"],
        points=row["points"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )
