"""Search and look-up of goods for agents."""

from typing import Any

routes: list[Any] = []
