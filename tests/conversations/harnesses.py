"""The harness of every channel there is; tests/conversations/test_channels.py fails when one is missing."""

from tests.conversations.harness import Harness
from tests.conversations.harness_email import EmailHarness
from tests.conversations.harness_spoken import CounterHarness, PhoneHarness
from tests.conversations.harness_telegram import TelegramHarness
from tests.conversations.harness_web import WebHarness

HARNESSES: dict[str, type[Harness]] = {
    "email": EmailHarness,
    "phone": PhoneHarness,
    "counter": CounterHarness,
    "telegram": TelegramHarness,
    "web": WebHarness,
}
