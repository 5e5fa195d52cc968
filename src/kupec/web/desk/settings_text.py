"""A document as text: where in it each value stands."""

import re

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def lines_of(text: str) -> dict[str, int]:
    """The line, from 1, of each value of a JSON text by its path ("methods[0].fee"), as far as it can be read."""
    found: dict[str, int] = {"": 1}
    # For each open bracket: its path, and the index of the item one is at (None inside an object).
    open_: list[tuple[str, int | None]] = []
    key: str | None = None
    line, seen = 1, 0
    for match in _PIECE.finditer(text):
        piece = match.group()
        line, seen = line + text.count("\n", seen, match.start()), match.start()
        inside, index = open_[-1] if open_ else ("", None)
        if piece in "]}":
            if open_:
                open_.pop()
            continue
        if piece == ",":
            if open_ and index is not None:
                open_[-1] = (inside, index + 1)
            key = None
            continue
        if piece == ":":
            continue
        if open_ and index is None and key is None:
            key = piece.strip('"')
            path = f"{inside}.{key}" if inside else key
            found.setdefault(path, line)
            continue
        path = f"{inside}[{index}]" if index is not None else (f"{inside}.{key}" if inside else key or "")
        found.setdefault(path, line)
        if piece in "[{":
            open_.append((path, 0 if piece == "[" else None))
        key = None
    return found


def line_of(text: str, path: str) -> int | None:
    """The line of a path, or of the nearest thing around it that is there."""
    lines = lines_of(text)
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return lines.get(path)
