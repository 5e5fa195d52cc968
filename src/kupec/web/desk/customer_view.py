"""What every tab of a customer's page begins with, and what a tab is."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec

from kupec.customers import Note, Party
from kupec.kit.db import Connection
from kupec.web.forms import Form
from kupec.web.rendering import AnyRequest


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """The customer who was opened. `members` are all their ids, their own first: a tab reads what stands under any."""

    party: Party
    members: list[UUID]
    pinned: list[Note]
    friends: int
    """How many ordered because this customer sent them."""
    query: Form
    """The query of the address."""
    values: Form | None = None
    """What was typed into a form that was refused."""


Load = Callable[[AnyRequest, Connection, CustomerView], Awaitable[dict[str, Any]]]


class Tab(msgspec.Struct, frozen=True, kw_only=True):
    """One tab: its key in the address (`?show=`), its label, who may see it, its template and what fills that."""

    key: str
    label: str
    template: str
    load: Load
    permission: str = "customers.read"
