"""What a process has learnt: the live model and the languages, loaded anew when another model has gone live."""

import asyncio
from collections.abc import Callable
from time import monotonic
from uuid import UUID

from kupec.assistant.learning import spoken_phrases
from kupec.assistant.understanding import IntentModel
from kupec.assistant.understanding.languages import train_languages
from kupec.kit.db import Connection, Database

_LOOK = 1.0
"""Seconds between two looks for a newer model."""


class Brain:
    """`intents` and `languages` as they are now. Before the first model is trained it knows nothing."""

    def __init__(self, *, time: Callable[[], float] = monotonic) -> None:
        self.intents = IntentModel.empty()
        self.languages = train_languages([])
        self._model: UUID | None = None
        self._looked = float("-inf")
        self._time = time
        self._loading = asyncio.Lock()

    async def refresh(self, database: Database) -> None:
        """Look for a newer model, if the last look is not of just now. To be called with no transaction open."""
        if self._time() - self._looked < _LOOK:
            return
        async with self._loading:
            if self._time() - self._looked < _LOOK:
                return
            self._looked = self._time()
            async with database.reading() as db:
                await self._load(db)

    async def _load(self, db: Connection) -> None:
        live: UUID | None = await db.fetchval("select id from bot_model where is_live")
        if live is None or live == self._model:
            return
        data = await db.fetchval("select data from bot_model where id = $1", live)
        phrases = [(text, language) for text, language, _ in await spoken_phrases(db)]
        self.intents, self.languages = await asyncio.to_thread(
            lambda: (IntentModel.load(data), train_languages(phrases))
        )
        self._model = live
