"""Wishes to be told everything or to be forgotten, and the document of how long what law keeps is kept."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.events import Payload
from kupec.kit.versions import Kind

RequestKind = Literal["export", "erasure"]
RequestState = Literal["asked", "postponed", "running", "done", "failed", "refused"]
Obstacle = Literal["order", "return", "payment", "refund", "store_credit", "account"]


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document. `years` is how long books and orders are kept after an erasure, `export_days` an export."""

    years: int = 10
    export_days: int = 14


class PrivacyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a wish. `counts` are rows by part ("sales.cart"), `obstacles` what must be settled first."""

    id: UUID
    kind: RequestKind
    party_id: UUID
    state: RequestState
    language: str
    asked_by: str
    reason: str
    obstacles: list[Obstacle]
    counts: dict[str, int]
    at: datetime
    done_at: datetime | None


class ExportFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of an export, without its bytes, which are kept sealed until `until`."""

    id: UUID
    name: str
    media_type: str
    language: str
    until: datetime


class PrivacyRequested(Payload, frozen=True, kw_only=True):
    """Somebody asked for an export or an erasure. Subject "customer:<id>", as of all of these."""

    name: ClassVar[str] = "privacy.requested"

    request_id: UUID
    kind: RequestKind


class PrivacyRefused(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "privacy.refused"

    request_id: UUID
    kind: RequestKind


class PrivacyExported(Payload, frozen=True, kw_only=True):
    """Everything about a customer was told; how many rows, by part."""

    name: ClassVar[str] = "privacy.exported"

    request_id: UUID
    counts: dict[str, int]


class PrivacyErased(Payload, frozen=True, kw_only=True):
    """A customer was forgotten; how many rows went or were blanked, by part."""

    name: ClassVar[str] = "privacy.erased"

    request_id: UUID
    counts: dict[str, int]


class AlreadyErased(KupecError):
    """This customer's data has been erased. There is nothing left to change."""

    status = 409
    code = "already_erased"


def check_retention(document: Retention) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them, by path."""
    found = dict(_faults(document))
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


def _faults(document: Retention) -> Iterator[tuple[str, str]]:
    if not 1 <= document.years <= 30:
        yield "years", "from 1 to 30 years"
    if not 1 <= document.export_days <= 90:
        yield "export_days", "from 1 to 90 days"


RETENTION = Kind("retention", Retention, default=Retention, check=check_retention)
