"""Any address that speaks the OpenAI wire format, as a language model: streamed, without retries of its own."""

from collections.abc import AsyncIterator
from typing import Any

import openai

from kupec.assistant.model import ModelFailed, Piece, Prompt

_CONNECT = 2.0
_BETWEEN_PIECES = 10.0


class OpenAIModel:
    """One for each process, as it keeps its connections."""

    def __init__(self, url: str, *, key: str, name: str) -> None:
        self.name = name
        self._client = openai.AsyncOpenAI(
            base_url=url,
            api_key=key or "none",
            max_retries=0,
            timeout=openai.Timeout(_BETWEEN_PIECES, connect=_CONNECT),
        )

    async def close(self) -> None:
        await self._client.close()

    async def stream(self, prompt: Prompt) -> AsyncIterator[Piece]:
        """Raises ModelFailed."""
        try:
            answer = await self._client.chat.completions.create(**self._request(prompt))
            async for chunk in answer:
                for piece in _pieces(chunk):
                    yield piece
        except openai.APITimeoutError as error:
            raise ModelFailed("late") from error
        except Exception as error:  # whatever its client or the wire under it raises while the answer comes
            raise ModelFailed("down", type(error).__name__) from error

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.name,
            "messages": [{"role": turn.role, "content": turn.text} for turn in prompt.turns],
            "max_tokens": prompt.most_tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if prompt.offered:
            request["tools"] = [
                {
                    "type": "function",
                    "function": {"name": one.name, "description": one.description, "parameters": one.schema},
                }
                for one in prompt.offered
            ]
        return request


def _pieces(chunk: Any) -> list[Piece]:
    """What one chunk of the stream says."""
    found = [Piece(text=choice.delta.content) for choice in chunk.choices or () if choice.delta.content]
    found += [
        Piece(chosen=call.function.name or "", arguments=call.function.arguments or "")
        for choice in chunk.choices or ()
        for call in choice.delta.tool_calls or ()
        if call.function is not None and not call.index
    ]
    if chunk.usage is not None:
        found.append(
            Piece(prompt_tokens=chunk.usage.prompt_tokens or 0, answer_tokens=chunk.usage.completion_tokens or 0)
        )
    return found
