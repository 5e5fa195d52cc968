"""Conditions and values in flows: a small language that can compare and combine, and do nothing else.

    cart_filled and not (quantity > 10 or channel in ["phone", "email"])
    count(found.products) == 0

Names are slots, results and the context; a name that is unknown or has no such part is `null`. Comparing what cannot be
compared is false. Nothing raises when it is evaluated, and nothing loops.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>-?\d+(?:\.\d+)?)(?![\w.])|(?P<string>"[^"\n]*"|'[^'\n]*')"""
    r"""|(?P<name>[^\W\d]\w*(?:\.\w+)*)|(?P<sign><=|>=|==|!=|[<>()\[\],]))"""
)
_WORDS: Final = {"true": True, "false": False, "null": None}
_RESERVED: Final = ("and", "or", "not", "in", "count", *_WORDS)
_COMPARISONS: Final = ("==", "!=", "<", "<=", ">", ">=")
LONGEST: Final = 500
_DEEPEST: Final = 40


class NotAnExpression(ValueError):
    """What is wrong with it, and where."""


class Expr(msgspec.Struct, frozen=True, gc=False):
    """A node: `op` with its operands, expressions or plain values."""

    op: str
    args: tuple[Any, ...]


@lru_cache(maxsize=4_000)
def parse(text: str) -> Expr:
    """Raises NotAnExpression saying what was expected where."""
    if len(text) > LONGEST:
        raise NotAnExpression(f"at most {LONGEST} characters")
    parser = _Parser(_tokens(text))
    found = parser.either()
    if parser.kind != "end":
        raise NotAnExpression(f"“{parser.text}” is not expected after “{text[: parser.at].strip()}”")
    return found


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise NotAnExpression(f"“{text[at:].strip()[:20]}” cannot be read")
        found.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return [*found, ("end", "", len(text))]


class _Parser:
    def __init__(self, tokens: list[tuple[str, str, int]]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    @property
    def kind(self) -> str:
        return self._tokens[self._next][0]

    @property
    def text(self) -> str:
        return self._tokens[self._next][1]

    @property
    def at(self) -> int:
        return self._tokens[self._next][2]

    def either(self) -> Expr:
        found = self._both()
        while self._take("or"):
            found = Expr("or", (found, self._both()))
        return found

    def _both(self) -> Expr:
        found = self._negated()
        while self._take("and"):
            found = Expr("and", (found, self._negated()))
        return found

    def _negated(self) -> Expr:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotAnExpression("fewer brackets")
        found = Expr("not", (self._negated(),)) if self._take("not") else self._compared()
        self._depth -= 1
        return found

    def _compared(self) -> Expr:
        left = self._value()
        if self.text in _COMPARISONS and self.kind == "sign":
            op = self._pop()
            return Expr(op, (left, self._value()))
        if self._take("in"):
            return Expr("in", (left, self._value()))
        if self.kind == "name" and self.text == "not" and self._tokens[self._next + 1][1] == "in":
            self._next += 2
            return Expr("not", (Expr("in", (left, self._value())),))
        return left

    def _value(self) -> Expr:
        kind, text = self.kind, self.text
        if kind == "number":
            self._next += 1
            return Expr("value", (float(text) if "." in text else int(text),))
        if kind == "string":
            self._next += 1
            return Expr("value", (text[1:-1],))
        if self._take("("):
            found = self.either()
            self._must(")")
            return found
        if self._take("["):
            return self._list()
        if self._take("count"):
            self._must("(")
            found = Expr("count", (self.either(),))
            self._must(")")
            return found
        if kind == "name" and text in _WORDS:
            self._next += 1
            return Expr("value", (_WORDS[text],))
        if kind == "name" and text not in _RESERVED:
            self._next += 1
            return Expr("name", tuple(text.split(".")))
        what = f"instead of “{text}”" if text else "at the end"
        raise NotAnExpression(f"a name, a number, a text in quotes or a bracket {what}")

    def _list(self) -> Expr:
        members: list[Expr] = []
        while not self._take("]"):
            if members:
                self._must(",")
            members.append(self._value())
        return Expr("list", tuple(members))

    def _take(self, text: str) -> bool:
        if self.kind in ("name", "sign") and self.text == text:
            self._next += 1
            return True
        return False

    def _must(self, text: str) -> None:
        if not self._take(text):
            raise NotAnExpression(f"“{text}” is expected" + (f" before “{self.text}”" if self.text else " at the end"))

    def _pop(self) -> str:
        self._next += 1
        return self._tokens[self._next - 1][1]


def names_in(expression: Expr) -> set[tuple[str, ...]]:
    """Every name it asks for, in its parts."""
    if expression.op == "name":
        return {expression.args}
    return {name for arg in expression.args if isinstance(arg, Expr) for name in names_in(arg)}


def look_up(name: tuple[str, ...], values: Mapping[str, Any]) -> Any:
    """What a dotted name stands for: members of objects by name, of lists by number."""
    found: Any = values
    for part in name:
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list | tuple) and part.isdecimal() and len(part) < 6 and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def value_of(expression: Any, values: Mapping[str, Any]) -> Any:
    """The value of a field that holds an expression: a text is one, anything else stands for itself."""
    return evaluate(parse(expression), values) if isinstance(expression, str) else expression


def holds(expression: Any, values: Mapping[str, Any]) -> bool:
    return bool(value_of(expression, values))


def evaluate(expression: Expr, values: Mapping[str, Any]) -> Any:
    op, args = expression.op, expression.args
    if op == "value":
        return args[0]
    if op == "name":
        return look_up(args, values)
    if op == "and":
        return evaluate(args[0], values) and evaluate(args[1], values)
    if op == "or":
        return evaluate(args[0], values) or evaluate(args[1], values)
    if op == "not":
        return not evaluate(args[0], values)
    found = [evaluate(arg, values) for arg in args]
    if op == "list":
        return found
    if op == "count":
        return len(found[0]) if isinstance(found[0], list | tuple | dict | str) else 0
    return _compare(op, found[0], found[1])


def _compare(op: str, left: Any, right: Any) -> bool:
    if op == "==":
        return bool(left == right)
    if op == "!=":
        return bool(left != right)
    try:
        if op == "in":
            return left in right
        return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op])
    except TypeError:
        return False
