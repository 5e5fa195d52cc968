"""What differs between two versions of a document, in words."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from kupec.web.desk.settings_shape import Group, Leaf, Many, Part, Place, Row, Table, describe

Trail = tuple[tuple[str, str], ...]
"""From the outside in: (field, title of the item or key)."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. `before` and `after` are as they are typed into the form."""

    kind: Literal["changed", "added", "removed", "order"]
    trail: list[tuple[str, str]]
    before: str = ""
    after: str = ""
    widget: str = "text"
    currency: str = ""


class _Flat(msgspec.Struct):
    leaves: dict[Trail, Leaf] = {}
    items: dict[Trail, None] = {}
    orders: dict[Trail, list[str]] = {}


def changes(kind: type[Any], before: Any, after: Any, place: Place) -> list[Change]:
    """What differs, in the order of the document. Items of lists are recognised by their titles."""
    old, new = _flat(kind, before, place), _flat(kind, after, place)
    found = [Change(kind="removed", trail=list(trail)) for trail in _outermost(old.items, new.items)]
    for trail in _outermost(new.items, old.items):
        found.append(Change(kind="added", trail=list(trail)))  # noqa: PERF401
    gone = {trail for trail in (*old.items, *new.items) if not (trail in old.items and trail in new.items)}
    for trail in dict.fromkeys([*old.leaves, *new.leaves]):
        was, now = old.leaves.get(trail), new.leaves.get(trail)
        if (was.value if was else "") == (now.value if now else "") or _beneath(trail, gone):
            continue
        shown = now or was
        assert shown is not None
        found.append(
            Change(
                kind="changed",
                trail=list(trail),
                before=was.value if was else "",
                after=now.value if now else "",
                widget=shown.widget,
                currency=shown.currency,
            )
        )
    for trail, titles in new.orders.items():
        kept = [title for title in old.orders.get(trail, []) if title in titles]
        if kept != [title for title in titles if title in kept]:
            found.append(Change(kind="order", trail=list(trail), before=", ".join(kept), after=", ".join(titles)))
    return found


def _outermost(some: dict[Trail, None], others: dict[Trail, None]) -> list[Trail]:
    only = [trail for trail in some if trail not in others]
    return [trail for trail in only if not _beneath(trail[:-1], set(only))]


def _beneath(trail: Trail, tops: set[Trail]) -> bool:
    return any(trail[:length] in tops for length in range(1, len(trail) + 1))


def _flat(kind: type[Any], document: Any, place: Place) -> _Flat:
    flat = _Flat(leaves={}, items={}, orders={})
    _collect(describe(msgspec.inspect.type_info(kind), msgspec.to_builtins(document), place), (), flat)
    return flat


def _collect(part: Part, trail: Trail, flat: _Flat) -> None:
    match part:
        case Leaf():
            flat.leaves[*trail, (part.field, part.key)] = part
        case Row():
            for leaf in part.leaves:
                flat.leaves[*trail, (part.field, leaf.key)] = leaf
        case Table():
            for key, leaves in part.rows:
                for column, leaf in zip(part.columns, leaves, strict=True):
                    flat.leaves[*trail, (part.field, f"{key} {column}")] = leaf
        case Group():
            for inner in part.parts:
                _collect(inner, (*trail, (inner.field, "")) if isinstance(inner, Group) else trail, flat)
        case Many():
            titles = list(_titles(part))
            flat.orders[*trail, (part.field, "")] = titles
            for title, item in zip(titles, part.items, strict=True):
                here = (*trail, (part.field, title))
                flat.items[here] = None
                _collect(item, here, flat)


def _titles(part: Many) -> Iterator[str]:
    """Titles that are there once; what has none is counted."""
    seen: set[str] = set()
    for number, item in enumerate(part.items, start=1):
        title = item.title or str(number)
        if title in seen:
            title = f"{title} ({number})"
        seen.add(title)
        yield title
