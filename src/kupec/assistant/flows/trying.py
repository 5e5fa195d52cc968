"""For trying flows by hand: a plain understanding by the flows' own phrasings, and results of the right shape."""

from functools import lru_cache
from typing import Any, Final

import msgspec

from kupec.assistant.flows.flow_set import FlowSet, phrases
from kupec.assistant.flows.hearing import words_of

_LIKE: Final = 0.5
_DEEPEST: Final = 4


def flow_understanding(flow_set: FlowSet, text: str) -> tuple[str | None, float]:
    """The flow whose phrasing shares most words with a text, and how much; None for too little. No model is asked."""
    said = set(words_of(text))
    if not said:
        return None, 0.0
    best, code = 0.0, None
    for phrase, _language, flow in phrases(flow_set):
        known = _words(phrase)
        shared = len(said & known) / len(said | known)
        if shared > best:
            best, code = shared, flow
    return (code, best) if best >= _LIKE else (None, 0.0)


@lru_cache(maxsize=5_000)
def _words(phrase: str) -> frozenset[str]:
    return frozenset(words_of(phrase))


def example_result(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """A made-up result of a tool: every field with something of its type."""
    return {field.encode_name: _example(field.type, field.encode_name, 0) for field in msgspec.structs.fields(kind)}


def _example(kind: Any, name: str, depth: int) -> Any:
    plain = getattr(kind, "__origin__", kind)
    arguments = getattr(kind, "__args__", ())
    if plain is bool:
        return name in ("ready", "possible", "can_cancel", "can_change", "can_return", "changed", "open")
    if plain is int:
        return 1
    if plain is float:
        return 1.0
    if plain in (list, tuple):
        inner = arguments[0] if arguments else str
        return [_example(inner, name, depth + 1)] if depth < _DEEPEST and name not in ("missing", "problems") else []
    if plain is dict:
        return {}
    if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        return example_result(plain) if depth < _DEEPEST else {}
    if plain is not str and arguments:
        return _example(arguments[0], name, depth)
    return _SAMPLES.get(name, f"({name})")


_SAMPLES: Final = {
    "number": "10023",
    "order_number": "10023",
    "needs": "",
    "state": "placed",
    "url": "https://shop.example/",
}
