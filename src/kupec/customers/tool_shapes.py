"""What the tools about consent take and answer."""

from typing import Annotated

import msgspec
from msgspec import Meta

from kupec.kit.tools import Entry


class NoArguments(msgspec.Struct, frozen=True, kw_only=True):
    pass


class SetConsent(msgspec.Struct, frozen=True, kw_only=True):
    purpose: Annotated[str, Meta(max_length=60, description='Code of the purpose, such as "marketing.email".')]
    given: Annotated[bool, Meta(description="Whether the customer agrees; false withdraws it.")]


class ShownConsent(Entry, frozen=True, kw_only=True):
    """`value` is the purpose's code; `lines` say what is agreed to and what one gets in return."""

    purpose: str
    given: bool
    since_text: str


class ShownConsents(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    consents: list[ShownConsent]
    url: str
    text: str


class ChangedConsent(msgspec.Struct, frozen=True, kw_only=True):
    """`by_mail`: it holds once the link in the mail that was sent is opened."""

    purpose: str
    title: str
    given: bool
    by_mail: bool
    text: str
