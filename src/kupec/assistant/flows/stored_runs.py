"""Runs as they stand in the database, one a conversation. Whoever writes one holds the conversation's lock."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.assistant.flows.run import RunState
from kupec.kit.db import Connection


async def load_runs(db: Connection, conversation_ids: Sequence[UUID]) -> dict[UUID, RunState]:
    """The runs of these conversations, of those that have one."""
    rows = await db.fetch(
        "select conversation_id, state from flow_run where conversation_id = any($1::uuid[])", list(conversation_ids)
    )
    return {row["conversation_id"]: msgspec.convert(row["state"], RunState) for row in rows}


async def save_runs(db: Connection, runs: Mapping[UUID, RunState], *, now: datetime) -> None:
    """Keep the runs. Called under the conversations' locks: two turns never advance one run."""
    ids = sorted(runs)
    await db.execute(
        """
        insert into flow_run (conversation_id, state, updated_at)
        select id, state, $3 from unnest($1::uuid[], $2::jsonb[]) as given (id, state)
        on conflict (conversation_id) do update set state = excluded.state, updated_at = excluded.updated_at
        """,
        ids,
        [msgspec.to_builtins(runs[one]) for one in ids],
        now,
    )
