"""Rules act: what is due is decided once more, done once, and each failure stays with its own rule."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import structlog

from kupec.customers import open_task, roots
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, to_structs
from kupec.kit.due import Due
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.versions import published
from kupec.outreach.letters import Sender
from kupec.outreach.messages import send_message
from kupec.outreach.rules.deciding import Occasion, decide
from kupec.outreach.rules.document import RULES
from kupec.outreach.rules.events import RuleFired
from kupec.outreach.rules.facts import Asked, facts_of, last_fired
from kupec.outreach.rules.models import MessageAction, Rule, TaskAction
from kupec.outreach.rules.watching import watch_rules
from kupec.sales import working_days_on

log = structlog.get_logger(__name__)
_ERROR_LENGTH = 500
_TAKE = """
select id, rule, subject, occasion, customer_id, about, happened_at, due_at from rule_due
 where state = 'waiting' and due_at <= $1 order by due_at, id limit $2 for update skip locked
"""
_CLAIM = """
insert into rule_fired (rule, subject, fired_at) values ($1, $2, $3)
    on conflict (rule, subject) do update set fired_at = excluded.fired_at
    where rule_fired.fired_at is not distinct from $4::timestamptz
returning true
"""
_SETTLE = """
update rule_due set state = $2, reason = $3, task_id = $4, mail_id = $5, settled_at = $6 where id = $1
"""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where and by whose clock rules work: the shop's zone, and the country whose working days count."""

    timezone: str
    country: str
    sender: Sender


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule did: opened a task, or wrote a message; `reason` says why one was withheld."""

    task_id: UUID | None = None
    mail_id: UUID | None = None
    reason: str | None = None


class RuleDue(msgspec.Struct, frozen=True, kw_only=True):
    """An occasion of a rule and what became of it, as people see it."""

    id: UUID
    rule: str
    subject: str
    customer_id: UUID | None
    about: str
    due_at: datetime
    state: str
    reason: str | None
    task_id: UUID | None
    mail_id: UUID | None
    settled_at: datetime | None


def rule_dues(place: Place) -> list[Due]:
    """What rules do by the clock: act on what is due, and look for silence."""
    return [
        Due(name="rules", verb=partial(fire_rules, place=place), every=5, waiting=waiting_rules),
        Due(name="rules watching", verb=watch_rules, every=60),
    ]


async def fire_rules(db: Connection, now: datetime, limit: int, *, place: Place) -> int:
    """Act on what is due and still holds; returns how many occasions were settled.

    An occasion whose rule is no longer published, whose reason is gone, or which its rule has acted on already is
    dropped with the reason. A failure is noted with its occasion and holds up no other. Emits rule.fired.
    """
    rows = await db.fetch(_TAKE, now, limit)
    if not rows:
        return 0
    rules = {rule.code: rule for rule in (await published(db, RULES))[RULES].rules if rule.active}
    root = await roots(db, {row["customer_id"] for row in rows if row["customer_id"]})
    due = [(row["id"], _occasion(dict(row), root)) for row in rows]
    held = [(row_id, rules[one.rule], one) for row_id, one in due if one.rule in rules]
    await _drop(db, [row_id for row_id, one in due if one.rule not in rules], "unpublished", now)
    facts = await facts_of(db, [Asked(rule=rule, occasion=one, at=now) for _id, rule, one in held])
    before = await last_fired(db, [one for _id, _rule, one in held])
    settled = len(due) - len(held)
    for (row_id, rule, occasion), known in zip(held, facts, strict=True):
        last = before.get((rule.code, occasion.subject))
        verdict = decide(rule, occasion, known, last)
        if verdict != "fire":
            await _drop(db, [row_id], verdict, now)
        elif await _fire(db, row_id, rule, occasion, last, place, now):
            before[rule.code, occasion.subject] = occasion.due_at
        settled += 1
    return settled


def _occasion(row: dict[str, object], root: Mapping[UUID, UUID]) -> Occasion:
    """The occasion, of the customer it belongs to today."""
    row.pop("id")
    row["key"] = row.pop("occasion")
    occasion = Occasion(**row)  # type: ignore[arg-type]  # columns as they are named
    if occasion.customer_id is None:
        return occasion
    owner = root[occasion.customer_id]
    mine = occasion.subject == f"customer:{occasion.customer_id}"
    return msgspec.structs.replace(
        occasion, customer_id=owner, subject=f"customer:{owner}" if mine else occasion.subject
    )


async def _fire(
    db: Connection, row_id: UUID, rule: Rule, occasion: Occasion, last: datetime | None, place: Place, now: datetime
) -> bool:
    """Act under a savepoint; whether it did. One that another worker has just claimed waits for the next round."""
    try:
        async with db.transaction():
            if not await db.fetchval(_CLAIM, rule.code, occasion.subject, occasion.due_at, last):
                return False
            done = await _act(db, row_id, rule, occasion, place, now)
            await db.execute(_SETTLE, row_id, "fired", done.reason, done.task_id, done.mail_id, now)
            payload = RuleFired(
                code=rule.code,
                action="task" if isinstance(rule.action, TaskAction) else "message",
                about=occasion.about,
                task_id=done.task_id,
                mail_id=done.mail_id,
            )
            happened = Happened(
                payload=payload, subject=f"rule:{rule.code}", customer_id=occasion.customer_id, occurred_at=now
            )
            await emit(db, [happened], actor=_actor(rule))
    except Exception as error:
        if db.is_closed():
            raise
        log.warning("rules.failed", rule=rule.code, occasion=str(row_id), exc_info=error)
        said = f"{type(error).__name__}: {error}"[:_ERROR_LENGTH]
        await db.execute(_SETTLE, row_id, "failed", said, None, None, now)
        return False
    return True


async def _act(db: Connection, row_id: UUID, rule: Rule, occasion: Occasion, place: Place, now: datetime) -> Done:
    if isinstance(rule.action, MessageAction):
        return await _write(db, row_id, rule, rule.action, occasion, place, now)
    action = rule.action
    task = await open_task(
        db,
        key=f"rule:{row_id}",
        title=action.title,
        details={"rule": rule.code},
        subject=occasion.about,
        customer_id=occasion.customer_id,
        due_at=due_of(action, now, place),
        actor=_actor(rule),
        now=now,
        assignee_id=action.assignee_id,
        team_id=action.team_id,
        priority=action.priority,
        remind_before=action.remind_before,
    )
    return Done(task_id=task.id)


async def _write(
    db: Connection, row_id: UUID, rule: Rule, action: MessageAction, occasion: Occasion, place: Place, now: datetime
) -> Done:
    if occasion.customer_id is None:
        raise NotFound(what="customer")
    kind, _sign, key = occasion.about.partition(":")
    number = await db.fetchval("select number from sales_order where id = $1", UUID(key)) if kind == "order" else None
    written = await send_message(
        db,
        template=action.template,
        party_id=occasion.customer_id,
        about=f"rule:{row_id}",
        reason=f"rule:{rule.code}",
        values={"number": number or ""},
        now=now,
        sender=place.sender,
        purpose=action.purpose or None,
        history=occasion.about,
    )
    if written is None:
        raise NotFound(what="customer")
    return Done(mail_id=written.mail_id, reason=written.why)


def due_of(action: TaskAction, now: datetime, place: Place) -> datetime:
    """When the task is due: so many days, or working days, from today, at its time of day by the shop's clock."""
    zone = ZoneInfo(place.timezone)
    today = now.astimezone(zone).date()
    day = today + timedelta(days=action.due_days)
    if action.working_days:
        day = working_days_on(today, action.due_days, place.country)
    return max(datetime.combine(day, time.fromisoformat(action.at), tzinfo=zone), now)


def _actor(rule: Rule) -> Actor:
    return system(f"rule {rule.code}")


async def _drop(db: Connection, row_ids: Sequence[UUID], reason: str, now: datetime) -> None:
    await db.execute(
        "update rule_due set state = 'dropped', reason = $2, settled_at = $3 where id = any($1::uuid[])",
        *(list(row_ids), reason, now),
    )


async def waiting_rules(db: Connection, now: datetime) -> int:
    """How many occasions are due, for the metrics."""
    count: int = await db.fetchval("select count(*) from rule_due where state = 'waiting' and due_at <= $1", now)
    return count


_COLUMNS = "id, rule, subject, customer_id, about, due_at, state, reason, task_id, mail_id, settled_at"


async def rule_history(db: Connection, code: str | None = None, *, limit: int = 50) -> list[RuleDue]:
    """What rules did, did not do and failed to do, the latest first; of one rule, or of all."""
    rows = await db.fetch(
        f"""select {_COLUMNS} from rule_due where state <> 'waiting' and ($1::text is null or rule = $1)
             order by settled_at desc, id limit $2""",  # noqa: S608
        *(code, limit),
    )
    return to_structs(RuleDue, rows)


async def rule_counts(db: Connection, *, since: datetime) -> dict[str, dict[str, int]]:
    """By rule: how many occasions wait, and how many were settled in which way `since`; `broken` when a look failed."""
    rows = await db.fetch(
        """
        select rule, state, count(*)::int as many from rule_due
         where state = 'waiting' or settled_at > $1 group by rule, state
        union all select rule, 'broken', 1 from rule_watch where error is not null
        """,
        since,
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["rule"], {})[row["state"]] = row["many"]
    return found


async def rule_errors(db: Connection) -> dict[str, str]:
    """Why rules that watch for silence could not look, by rule."""
    rows = await db.fetch("select rule, error from rule_watch where error is not null")
    return {row["rule"]: row["error"] for row in rows}


async def try_again(db: Connection, due_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Let an occasion that failed be acted on again. Needs settings.write. Raises NotFound."""
    actor.require("settings.write")
    done = await db.fetchval(
        "update rule_due set state = 'waiting', reason = null, settled_at = null, due_at = least(due_at, $2) "
        "where id = $1 and state = 'failed' returning id",
        *(due_id, now),
    )
    if done is None:
        raise NotFound(what="failed occasion")
