"""What the surveys have brought: by channel, by agent, over time."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.conversations.surveys import COLUMNS, Survey, SurveyKind
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many were asked and answered, and how. `by` is the channel, the staff's id, or the day."""

    kind: SurveyKind
    by: str
    asked: int
    answered: int
    scores: dict[int, int]
    """By score, how often."""

    @property
    def average(self) -> float | None:
        return sum(score * count for score, count in self.scores.items()) / self.answered if self.answered else None

    @property
    def satisfied(self) -> float | None:
        """CSAT: the share of 4 and 5, 0 to 100. NPS: promoters (9, 10) less detractors (0 to 6), -100 to 100."""
        if not self.answered:
            return None
        if self.kind == "csat":
            return 100 * sum(count for score, count in self.scores.items() if score >= 4) / self.answered
        good = sum(count for score, count in self.scores.items() if score >= 9)
        bad = sum(count for score, count in self.scores.items() if score <= 6)
        return 100 * (good - bad) / self.answered


class SurveyResults(msgspec.Struct, frozen=True, kw_only=True):
    """Of questions asked within a period."""

    total: list[Tally]
    channels: list[Tally]
    agents: list[Tally]
    days: list[Tally]
    """By day (ISO, in the given zone)."""


_TALLY = """
select kind, {by} as by, score, count(*)::int as asked, count(score)::int as answered
  from survey where asked_at >= $1 and asked_at < $2 and $3::text is not null
 group by kind, 2, score order by kind, 2, score
"""
_BY = {
    "total": "''",
    "channels": "channel",
    "agents": "coalesce(staff_id::text, '')",
    "days": "to_char(asked_at at time zone $3, 'YYYY-MM-DD')",
}


async def survey_results(
    db: Connection, *, since: datetime, until: datetime, timezone: str = "Europe/Prague", actor: Actor
) -> SurveyResults:
    """What was asked from `since` until before `until` has brought. Needs conversations.read."""
    actor.require("conversations.read")
    found = {}
    for part, by in _BY.items():
        tallies: dict[tuple[SurveyKind, str], Tally] = {}
        for row in await db.fetch(_TALLY.format(by=by), since, until, timezone):
            key = (row["kind"], row["by"])
            before = tallies.get(key) or Tally(kind=row["kind"], by=row["by"], asked=0, answered=0, scores={})
            scores = before.scores if row["score"] is None else {**before.scores, row["score"]: row["answered"]}
            tallies[key] = Tally(
                kind=row["kind"],
                by=row["by"],
                asked=before.asked + row["asked"],
                answered=before.answered + row["answered"],
                scores=scores,
            )
        found[part] = list(tallies.values())
    return SurveyResults(**found)


async def latest_answers(
    db: Connection, *, staff_id: UUID | None = None, kind: SurveyKind | None = None, limit: int = 50, actor: Actor
) -> list[Survey]:
    """What customers have answered, the latest first: all, of one agent's conversations, of one kind.

    Needs conversations.read.
    """
    actor.require("conversations.read")
    rows = await db.fetch(
        f"""select {COLUMNS} from survey where state = 'answered' and ($1::uuid is null or staff_id = $1)
               and ($2::text is null or kind = $2) order by answered_at desc, id desc limit $3""",  # noqa: S608
        *(staff_id, kind, limit),
    )
    return to_structs(Survey, rows)
