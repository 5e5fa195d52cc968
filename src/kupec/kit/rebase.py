"""Bringing the log into another cluster: transaction ids count per cluster, so after a restore they mean nothing."""

from kupec.kit.db import Connection
from kupec.kit.errors import KupecError

_SMALLEST = 3  # the first transaction id that PostgreSQL itself gives


class ClusterChanged(KupecError):
    """The event log comes from another PostgreSQL cluster, perhaps by a dump. Run `kupec rebase`, then start again."""

    code = "cluster_changed"


async def check_cluster(db: Connection) -> None:
    """Raises ClusterChanged when the log's transaction ids are not those of this cluster."""
    if not await db.fetchval(
        "select exists (select from event_cluster join pg_control_system() using (system_identifier))"
    ):
        raise ClusterChanged
