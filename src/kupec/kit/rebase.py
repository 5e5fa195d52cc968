"""Bringing the log into another cluster: transaction ids count per cluster, so after a restore they mean nothing.

Only their order matters, and that can be kept with small numbers: going along the log, an event keeps its
predecessor's transaction id as long as its own id is larger, and gets the next one where it is not. A position
becomes that of the last event it has passed. Worked numbers are in docs/algorithms/event-log.md.
"""

from kupec.kit.db import Connection
from kupec.kit.errors import KupecError

SMALLEST = 3  # the first transaction id that PostgreSQL itself gives
_BURN = "begin; select pg_current_xact_id(); commit;"

_DESCENTS = """
select count(*) from (select id < lag(id) over (order by xid, id) as descends from event) as step where descends
"""
_NUMBERED = """
create temporary table rebased on commit drop as
select id, $1::bigint + count(*) filter (where descends) over (order by xid, id) as new_xid
from (select xid, id, id < lag(id) over (order by xid, id) as descends from event) as step
"""
_NUMBERED_INDEX = "create index on rebased (id); analyze rebased;"
_MOVE_POSITIONS = """
update subscriber s set xid = coalesce(passed.new_xid, 0)::text::xid8, id = coalesce(passed.id, 0)
from subscriber again
left join lateral (
    select e.id from event e where (e.xid, e.id) <= (again.xid, again.id) order by e.xid desc, e.id desc limit 1
) as last on true
left join rebased passed on passed.id = last.id
where s.name = again.name
"""
_MOVE_EVENTS = """
update event e set xid = r.new_xid::text::xid8 from rebased r where r.id = e.id and e.xid <> r.new_xid::text::xid8
"""


class ClusterChanged(KupecError):
    """The event log comes from another PostgreSQL cluster, perhaps by a dump. Run `kupec rebase`, then start again."""

    code = "cluster_changed"


async def check_cluster(db: Connection) -> None:
    """Raises ClusterChanged when the log's transaction ids are not those of this cluster.

    Every process that writes asks this when it starts: events written before the rebase would count as long passed.
    """
    if not await db.fetchval(
        "select exists (select from event_cluster join pg_control_system() using (system_identifier))"
    ):
        raise ClusterChanged


async def rebase(db: Connection) -> int:
    """Give the log transaction ids that lie below this cluster's present one; returns how many events there are.

    The order of all events, and what each subscriber has passed, stay exactly the same. Nothing else may be running.
    `db` has no transaction open. Until the last step nothing is changed; it may be repeated.
    """
    largest = SMALLEST + await db.fetchval(_DESCENTS)
    while (missing := largest - await db.fetchval("select pg_current_xact_id()::text::bigint")) >= 0:
        await db.execute(_BURN * min(missing + 1, 1000))
    async with db.transaction():
        await db.execute("lock table event, subscriber, event_set_aside in access exclusive mode")
        await db.execute(_NUMBERED, SMALLEST)
        await db.execute(_NUMBERED_INDEX)
        await db.execute(_MOVE_POSITIONS)
        await db.execute(_MOVE_EVENTS)
        await db.execute("delete from event_cluster")
        await db.execute("insert into event_cluster select system_identifier from pg_control_system()")
        total: int = await db.fetchval("select count(*) from rebased")
    return total
