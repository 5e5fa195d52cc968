"""What a process knows: the live model, those on trial, languages, what is offered; loaded anew when that has changed.

A model that cannot be read never breaks a turn: it is marked as broken, the last good one before it answers, and people
are told (`mark_broken`). Until then, and where there is no other, the process goes on with what it has.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from uuid import UUID

import structlog

from kupec.assistant.learning import mark_broken
from kupec.assistant.offered import Offered
from kupec.assistant.understanding import IntentModel, LanguageModel, UnreadableModel
from kupec.assistant.understanding.languages import train_languages
from kupec.kit.db import Connection, Database
from kupec.kit.encoder import encoder_at_hand

log = structlog.get_logger(__name__)
_LOOK = 1.0
"""Seconds between two looks for a newer model."""
_FALLS = 20
"""Models tried one after the other, when one after the other cannot be read."""


class Brain:
    """`intents`, `languages` and what is `offered`, as they are now; nothing before a first model is trained."""

    def __init__(self, *, time: Callable[[], float] = monotonic) -> None:
        self.intents = IntentModel.empty()
        self.languages = train_languages([])
        self.offered = Offered(time=time)
        self._live: UUID | None = None
        self._models: dict[UUID, IntentModel] = {}
        self._looked = float("-inf")
        self._time = time
        self._loading = asyncio.Lock()

    def model(self, model_id: UUID) -> IntentModel | None:
        """A model by its id, live or on trial; None while it is not loaded, or cannot be."""
        return self._models.get(model_id)

    async def refresh(self, database: Database, *, now: datetime) -> None:
        """Look for other models and goods, if the last look is not of just now. To be called outside a transaction."""
        await self.offered.refresh(database)
        if self._time() - self._looked < _LOOK:
            return
        async with self._loading:
            if self._time() - self._looked < _LOOK:
                return
            self._looked = self._time()
            for _try in range(_FALLS):
                async with database.reading() as db:
                    broken = await self._load(db)
                if broken is None:
                    return
                log.error("bot.model_broken", model=str(broken[0]), reason=broken[1])
                async with database.transaction() as db:
                    await mark_broken(db, *broken, now=now)

    async def _load(self, db: Connection) -> tuple[UUID, str] | None:
        """Load what is not loaded yet; returns the first model that cannot be, and why."""
        rows = await db.fetch("select id, state from bot_model where state = 'live' or on_trial order by state desc")
        for row in rows:
            if row["id"] not in self._models:
                data = await db.fetchval("select data from bot_model where id = $1", row["id"])
                try:
                    self._models[row["id"]] = await asyncio.to_thread(_read, data)
                except UnreadableModel as error:
                    return row["id"], error.message
        live = next((row["id"] for row in rows if row["state"] == "live"), None)
        if live is not None and live != self._live:
            told = await db.fetchval("select languages from bot_model where id = $1", live)
            if told:
                try:
                    self.languages = await asyncio.to_thread(LanguageModel.load, told)
                except UnreadableModel as error:
                    return live, error.message
            self.intents, self._live = self._models[live], live
        wanted = {row["id"] for row in rows} | {self._live}
        self._models = {model_id: model for model_id, model in self._models.items() if model_id in wanted}
        return None


def _read(data: bytes | None) -> IntentModel:
    if data is None:
        raise UnreadableModel(reason="it is not there")
    return IntentModel.load(data, encoder_at_hand())
