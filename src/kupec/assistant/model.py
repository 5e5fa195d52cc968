"""A language model, where the merchant wants one: what it is to us, and what it may use. It is never needed.

It phrases what we hand it and chooses from what we offer; it holds no right and no fact. docs/language-model.md.
"""

import importlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal, Protocol

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.settings import InvalidSetting, Settings
from kupec.kit.versions import Kind


class ModelFailed(Exception):
    """No answer from the model, in time or at all; `reason` is "late", "down", "budget", "refused" or "nonsense"."""

    def __init__(self, reason: Literal["late", "down", "budget", "refused", "nonsense"], told: str = "") -> None:
        self.reason = reason
        super().__init__(f"{reason} {told}".strip())


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One part of what the model is told."""

    role: Literal["system", "user"]
    text: str


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that may be chosen; `schema` is the JSON Schema of its arguments."""

    name: str
    description: str
    schema: dict[str, Any]


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    turns: tuple[Turn, ...]
    most_tokens: int = 400
    offered: tuple[Offered, ...] = ()


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the answer as it comes: words, a choice among what was offered, and at the end what it took."""

    text: str = ""
    chosen: str = ""
    arguments: str = ""
    """JSON, in parts."""
    prompt_tokens: int = 0
    answer_tokens: int = 0


class LanguageModel(Protocol):
    """Whatever answers prompts. Called with no transaction open."""

    name: str

    def stream(self, prompt: Prompt) -> AsyncIterator[Piece]:
        """The answer in pieces. Raises ModelFailed."""

    async def close(self) -> None: ...


class ModelRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long the model may take, and how much it may use in a day. Prices are of a million tokens, in minor units."""

    first_word_seconds: float = 2.5
    seconds: float = 8.0
    answer_tokens: int = 400
    daily_requests: int = 2000
    daily_tokens: int = 500_000
    prompt_price: int = 0
    answer_price: int = 0
    daily_cost: int = 0
    """In minor units of whatever currency the prices are in; 0: only tokens and requests count."""


def check_model_rules(rules: ModelRules) -> None:
    """Raises InvalidValue naming the field."""
    for name, least, most in (
        ("first_word_seconds", 0.1, 60),
        ("seconds", 0.1, 120),
        ("answer_tokens", 16, 4000),
        ("daily_requests", 0, 10**6),
        ("daily_tokens", 0, 10**9),
        ("prompt_price", 0, 10**7),
        ("answer_price", 0, 10**7),
        ("daily_cost", 0, 10**9),
    ):
        if not least <= getattr(rules, name) <= most:
            raise InvalidValue(field=name, expected=f"{least} to {most}")


MODEL = Kind("language_model", ModelRules, default=ModelRules, check=check_model_rules)


def open_model(settings: Settings) -> LanguageModel | None:
    """The model behind the configured address; None where there is none, which is how most shops run.

    Its client is an extra (`kupec[model]`) and is loaded only here. Raises InvalidSetting when it is missing.
    """
    if not settings.model_url:
        return None
    if not settings.model_name:
        raise InvalidSetting(variable="KUPEC_MODEL_NAME", reason="the model at KUPEC_MODEL_URL has a name")
    try:
        wire = importlib.import_module("kupec.assistant.model_openai")
    except ModuleNotFoundError as missing:
        raise InvalidSetting(variable="KUPEC_MODEL_URL", reason="it needs the extra kupec[model]") from missing
    model: LanguageModel = wire.OpenAIModel(settings.model_url, key=settings.model_key, name=settings.model_name)
    return model


async def answer_of(model: LanguageModel, prompt: Prompt) -> tuple[str, list[Piece]]:
    """The whole answer, and its pieces. Raises ModelFailed."""
    pieces: list[Piece] = [piece async for piece in model.stream(prompt)]
    return "".join(piece.text for piece in pieces), pieces


def tokens_guessed(turns: Sequence[Turn], offered: Sequence[Offered] = ()) -> int:
    """About how many tokens these are; rather too many: one for three characters."""
    length = sum(len(turn.text) for turn in turns)
    length += sum(len(one.description) + len(str(one.schema)) for one in offered)
    return length // 3 + 20
