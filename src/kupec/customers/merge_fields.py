"""What becomes of a customer's fields in a merge, and how they are given back. No database here.

A field is named as people see it: "name", "company_id", "custom.birthday", "segments.loyal". The merchant's own fields
and segments are taken one by one, so that each can be given back by itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

_PLAIN = ("name", "language", "company_id", "vat_id", "price_group")


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One field in which the two differ, or that only the absorbed has.

    `fills`: the survivor lacks it. `conflict`: both have it, and not the same.
    """

    field: str
    survivor: Any
    absorbed: Any
    fills: bool
    conflict: bool


def differences(survivor: Mapping[str, Any], absorbed: Mapping[str, Any]) -> list[Difference]:
    """Where the absorbed has something that the survivor has not, or not so."""
    found = [_plain(field, survivor, absorbed) for field in _PLAIN]
    for code in sorted(absorbed["custom"]):
        mine, theirs = survivor["custom"].get(code), absorbed["custom"][code]
        lacks = code not in survivor["custom"]
        found.append(_of(f"custom.{code}", mine, theirs, lacks=lacks, empty=False))
    found += [
        Difference(field=f"segments.{key}", survivor=False, absorbed=True, fills=True, conflict=False)
        for key in sorted(set(absorbed["segments"]) - set(survivor["segments"]))
    ]
    return [one for one in found if one.fills or one.conflict]


def _plain(field: str, survivor: Mapping[str, Any], absorbed: Mapping[str, Any]) -> Difference:
    mine, theirs = survivor[field], absorbed[field]
    named = field == "name"
    lacks = not mine or (named and not survivor["named"])
    empty = not theirs or (named and not absorbed["named"])
    return _of(field, mine, theirs, lacks=lacks, empty=empty)


def _of(field: str, mine: Any, theirs: Any, *, lacks: bool, empty: bool) -> Difference:
    return Difference(
        field=field,
        survivor=mine,
        absorbed=theirs,
        fills=lacks and not empty,
        conflict=not lacks and not empty and mine != theirs,
    )


def fill(party: Mapping[str, Any], filled: Sequence[Difference]) -> dict[str, Any]:
    """The survivor with these fields taken over."""
    after = _copy(party)
    for one in filled:
        _put(after, one.field, one.absorbed)
    return after


def give_back(party: Mapping[str, Any], filled: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """The survivor as it was before these fields were filled, and those that were changed since and stay."""
    after, kept = _copy(party), []
    for field, was in filled.items():
        if value_of(party, field) == was["after"]:
            _put(after, field, was["before"])
        else:
            kept.append(field)
    return after, sorted(kept)


def value_of(party: Mapping[str, Any], field: str) -> Any:
    """What stands in a field."""
    table, _dot, key = field.partition(".")
    if not key:
        return party[field]
    return key in party["segments"] if table == "segments" else party["custom"].get(key)


def _put(party: dict[str, Any], field: str, value: Any) -> None:
    table, _dot, key = field.partition(".")
    if not key:
        party[field] = value
    elif table == "segments":
        others = [one for one in party["segments"] if one != key]
        party["segments"] = sorted([*others, key]) if value else others
    elif value is None:
        party["custom"].pop(key, None)
    else:
        party["custom"][key] = value


def _copy(party: Mapping[str, Any]) -> dict[str, Any]:
    return {**party, "custom": dict(party["custom"]), "segments": list(party["segments"])}
