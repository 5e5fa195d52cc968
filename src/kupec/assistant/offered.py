"""What the shop sells, by name: loaded anew when the catalogue has changed, so that what a customer names is known."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from time import monotonic
from typing import Final

from kupec.assistant.understanding import Goods
from kupec.kit.db import Database

_LOOK: Final = 30.0
"""Seconds between two looks at the catalogue."""
_MOST: Final = 50_000
"""Names, of all languages together. A shop with more is searched, as before, for the words that were said."""


class Offered:
    """`goods` by language as they were last seen; empty before the first look, and where there are too many."""

    def __init__(self, *, time: Callable[[], float] = monotonic) -> None:
        self.goods: dict[str, Goods] = {}
        self._seen: tuple[object, ...] = ()
        self._names: dict[str, list[tuple[str, str]]] = {}
        self._looked = float("-inf")
        self._time = time

    async def refresh(self, database: Database) -> None:
        """Look for other names, if the last look is not of just now. Who comes meanwhile goes on with what there is."""
        if self._time() - self._looked < _LOOK:
            return
        self._looked = self._time()
        async with database.reading() as db:
            [row] = await db.fetch("select count(*), max(updated_at) from product")
            if tuple(row) == self._seen:
                return
            rows = await db.fetch(
                "select p.id, t.language, t.name from product p join product_text t on t.product_id = p.id "
                "where p.status = 'active' and t.name <> '' order by p.id, t.language limit $1",
                _MOST + 1,
            )
        names: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for one in rows if len(rows) <= _MOST else ():
            names[one["language"]].append((str(one["id"]), one["name"]))
        before, seen = self._names, tuple(row)
        goods = {language: self.goods[language] for language in names if names[language] == before.get(language)}
        for language in names.keys() - goods.keys():  # else it was prices that have changed, or descriptions
            goods[language] = await asyncio.to_thread(Goods, names[language])
        self.goods, self._names, self._seen = goods, dict(names), seen
