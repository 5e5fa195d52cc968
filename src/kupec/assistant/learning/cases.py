"""What people have said texts mean: most of it is learnt from, a part only judges models. One text is never both."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.assistant.learning.models import LabelledCase
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.ids import uuid7
from kupec.kit.text import fold


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """A text about to become a case. `must_learn`: it is not held out unless it was before; `judges`: it is."""

    text: str
    language: str
    intent: str
    conversation_id: UUID | None = None
    customer_id: UUID | None = None
    must_learn: bool = False
    judges: bool = False


def folded(text: str) -> str:
    """The form by which texts are told apart: accents, case and spaces aside."""
    return " ".join(fold(text).split())


def judges(form: str, share: float) -> bool:
    """Whether a text of this folded form is held out: by its hash, the same on every machine and at any time."""
    return _place(form) < share


def _place(form: str) -> float:
    return int.from_bytes(hashlib.sha256(form.encode()).digest()[:8], "big") / 2**64


def learning_most(forms: Sequence[str], share: float, *, least: int = 2) -> set[str]:
    """Of these the ones that must be learnt from, however they hash: else approving a few might teach nothing."""
    kept = sorted(set(forms), key=_place, reverse=True)
    learnt = sum(not judges(form, share) for form in kept)
    return set(kept[: max(0, least)]) if learnt < least else set()


def _is_held_out(form: str, one: Labelled, share: float) -> bool:
    return one.judges or (judges(form, share) and not one.must_learn)


async def label(
    db: Connection, cases: Sequence[Labelled], *, share: float, source: str, actor: Actor, now: datetime
) -> dict[str, bool]:
    """Keep what these texts mean; by folded form, whether it is held out. What was labelled before means this now,
    and stays what it was: learnt from or held out. Texts that are learnt as phrases already are not held out.
    """
    fresh = {folded(one.text): one for one in cases if folded(one.text)}
    if not fresh:
        return {}
    taught = await db.fetch("select folded from learnt_phrase where folded = any($1::text[])", list(fresh))
    known = {row["folded"] for row in taught}
    order = sorted(fresh)
    rows = await db.fetch(
        """
        insert into labelled_case as c (id, text, folded, language, intent, held_out, source, conversation_id,
                                        customer_id, author, created_at)
        select *, $10, $11 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[],
                                       $7::text[], $8::uuid[], $9::uuid[])
        on conflict (folded) do update set intent = excluded.intent, source = excluded.source, author = excluded.author
        returning folded, held_out
        """,
        [uuid7() for _ in order],
        [" ".join(fresh[form].text.split()) for form in order],
        order,
        [fresh[form].language for form in order],
        [fresh[form].intent for form in order],
        [_is_held_out(form, fresh[form], share) and form not in known for form in order],
        [source] * len(order),
        [fresh[form].conversation_id for form in order],
        [fresh[form].customer_id for form in order],
        str(actor),
        now,
    )
    return {row["folded"]: row["held_out"] for row in rows}


async def labelled_cases(db: Connection, *, held_out: bool | None = None) -> list[LabelledCase]:
    """What people have said texts mean, the earliest first."""
    rows = await db.fetch(
        "select id, text, language, intent, held_out, source, created_at from labelled_case "
        "where $1::boolean is null or held_out = $1 order by created_at, id",
        held_out,
    )
    return to_structs(LabelledCase, rows)
