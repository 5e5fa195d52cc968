"""The harness of every channel there is; tests/conversations/test_channels.py fails when one is missing."""

from tests.conversations.harness import Harness

HARNESSES: dict[str, type[Harness]] = {}
