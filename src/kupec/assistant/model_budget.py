"""A language model on a leash: so much time, so many tokens and so much money a day; left alone while it is down."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from kupec.assistant.model import MODEL, LanguageModel, ModelFailed, ModelRules, Piece, Prompt, tokens_guessed
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database, to_struct
from kupec.kit.versions import published

_FAILURES = 3
"""So many in a row, and the model is left alone for a while."""
_REST = 30.0  # seconds

_RESERVE = """
with asked as (
    select $1::date as day, $2::bigint as tokens, $3::bigint as most_requests, $4::bigint as most_tokens,
           $5::bigint as most_cost, $6::bigint as cost, $7::bigint as prompt_price, $8::bigint as answer_price
)
insert into model_use as used (day, requests, reserved_tokens)
select day, 1, tokens from asked
 where most_requests > 0 and tokens <= most_tokens and (most_cost = 0 or cost <= most_cost * 1000000)
on conflict (day) do update
   set requests = used.requests + 1, reserved_tokens = used.reserved_tokens + excluded.reserved_tokens
 where (select used.requests < most_requests
               and used.prompt_tokens + used.answer_tokens + used.reserved_tokens + tokens <= most_tokens
               and (most_cost = 0
                    or (used.prompt_tokens * prompt_price + used.answer_tokens * answer_price
                        + used.reserved_tokens * greatest(prompt_price, answer_price)) + cost <= most_cost * 1000000)
          from asked)
returning true
"""
_SETTLE = """
update model_use
   set reserved_tokens = greatest(0, reserved_tokens - $2::bigint), prompt_tokens = prompt_tokens + $3::bigint,
       answer_tokens = answer_tokens + $4::bigint, failed = failed + $5::int
 where day = $1
"""


class ModelUse(msgspec.Struct, frozen=True, kw_only=True):
    """What was used on one day; `refused` answers were not grounded and nobody saw them."""

    day: date
    requests: int
    failed: int
    refused: int
    prompt_tokens: int
    answer_tokens: int
    reserved_tokens: int


async def model_use(db: Connection, *, limit: int = 31) -> list[ModelUse]:
    """Day by day, the latest first."""
    rows = await db.fetch("select * from model_use order by day desc limit $1", limit)
    return [to_struct(ModelUse, row) for row in rows]


async def note_refused(db: Connection, day: date) -> None:
    """An answer was not grounded in what the model was given."""
    await db.execute("update model_use set refused = refused + 1 where day = $1", day)


class LeashedModel:
    """A LanguageModel that keeps to the document of kind "language_model". Its transactions are its own and short."""

    def __init__(self, model: LanguageModel, database: Database, clock: Clock, *, zone: str) -> None:
        self.name = model.name
        self._model = model
        self._database = database
        self._clock = clock
        self._zone = ZoneInfo(zone)
        self._failed = 0
        self._rests_until = 0.0

    async def close(self) -> None:
        await self._model.close()

    async def stream(self, prompt: Prompt) -> AsyncIterator[Piece]:
        """Raises ModelFailed: when the day's budget is spent, when the model is late, down, or was so lately."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._rests_until:
            raise ModelFailed("down", "it rests")
        day = self.day(self._clock.now())
        rules, prompt, guess = await self._reserve(day, prompt)
        used, failed = Piece(), True
        try:
            async for piece in self._in_time(prompt, rules):
                if piece.prompt_tokens or piece.answer_tokens:
                    used = piece
                yield piece
            failed = False
        finally:
            self._note(failed, loop.time())
            # What it took is not known of one that broke off: then all that was reserved counts.
            unknown = not (used.prompt_tokens or used.answer_tokens)
            taken = (guess, 0) if unknown else (used.prompt_tokens, used.answer_tokens)
            async with self._database.transaction(quiet=True) as db:
                await db.execute(_SETTLE, day, guess, *taken, int(failed))

    def day(self, now: datetime) -> date:
        """The shop's day."""
        return now.astimezone(self._zone).date()

    async def refused(self) -> None:
        """Its last answer was not used."""
        async with self._database.transaction(quiet=True) as db:
            await note_refused(db, self.day(self._clock.now()))

    async def _reserve(self, day: date, prompt: Prompt) -> tuple[ModelRules, Prompt, int]:
        async with self._database.transaction(quiet=True) as db:
            rules = (await published(db, MODEL))[MODEL]
            prompt = msgspec.structs.replace(prompt, most_tokens=min(prompt.most_tokens, rules.answer_tokens))
            guess = tokens_guessed(prompt.turns, prompt.offered) + prompt.most_tokens
            cost = guess * max(rules.prompt_price, rules.answer_price)  # millionths of a minor unit
            granted = await db.fetchval(
                _RESERVE,
                *(day, guess, rules.daily_requests, rules.daily_tokens, rules.daily_cost, cost),
                *(rules.prompt_price, rules.answer_price),
            )
        if not granted:
            raise ModelFailed("budget")
        return rules, prompt, guess

    async def _in_time(self, prompt: Prompt, rules: ModelRules) -> AsyncIterator[Piece]:
        """The pieces, while they come in time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + rules.seconds
        patience = min(rules.first_word_seconds, rules.seconds)
        pieces = aiter(self._model.stream(prompt))
        while True:
            try:
                async with asyncio.timeout(patience):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError as late:
                raise ModelFailed("late") from late
            yield piece
            patience = max(0.0, end - loop.time())

    def _note(self, failed: bool, now: float) -> None:
        self._failed = self._failed + 1 if failed else 0
        if self._failed >= _FAILURES:
            self._failed = 0
            self._rests_until = now + _REST
