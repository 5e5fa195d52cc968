"""Applications to be lent to one test after another: with all its routes, one takes most of a second to build."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from litestar import Litestar
from litestar.datastructures import State

_idle: dict[str, list[Litestar]] = {}


@contextmanager
def lent(kind: str, make: Callable[[], Litestar]) -> Iterator[Litestar]:
    """An application of this kind with an empty state, for as long as the block lasts; nobody else has it meanwhile."""
    waiting = _idle.setdefault(kind, [])
    app = waiting.pop() if waiting else make()
    app.state = State()
    try:
        yield app
    finally:
        waiting.append(app)
