"""Fixtures of the catalogue's tests."""

from uuid import UUID

import pytest

from kupec.kit.db import Connection
from tests.catalogue.goods import make_ground


@pytest.fixture
async def places(db: Connection) -> dict[str, UUID]:
    """The ground of a shop, in the rolled-back transaction; the locations by their codes."""
    return await make_ground(db)
