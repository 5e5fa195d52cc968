"""What apps send and get, where it is not a type of the rooms themselves."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from kupec.billing import DocumentKind
from kupec.customers import (
    ContactPoint,
    ExportFile,
    Invitation,
    PointsEntry,
    PrivacyRequest,
    Role,
    Session,
)
from kupec.kit.recurrence import Recurrence
from kupec.sales import (
    Approval,
    Occurrence,
    Order,
    OrderSummary,
    Owned,
    Return,
    SettleTo,
    StandingOrder,
    Upcoming,
)

Text = Annotated[str, msgspec.Meta(max_length=300)]
Prose = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Pieces = Annotated[int, msgspec.Meta(ge=0, le=9999)]
Language = Literal["cs", "pl", "en"]


class AskCode(msgspec.Struct, frozen=True, kw_only=True):
    email: Text
    language: Language = "en"


class CodeAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The same for every address. `token` goes with the code; it is a secret of the app."""

    token: str
    expires_at: datetime


class EnterCode(msgspec.Struct, frozen=True, kw_only=True):
    """`device` is what the customer's list of sessions calls this app."""

    token: Text
    code: Text
    device: Text = ""
    language: Language = "en"


class EnterPassword(msgspec.Struct, frozen=True, kw_only=True):
    email: Text
    password: Annotated[str, msgspec.Meta(max_length=1000)]
    device: Text = ""


class EnterPasskey(msgspec.Struct, frozen=True, kw_only=True):
    """`credential` is the authenticator's answer, as JSON in a string."""

    credential: Annotated[str, msgspec.Meta(max_length=50_000)]
    device: Text = ""


class NewPasskey(msgspec.Struct, frozen=True, kw_only=True):
    """`credential` is the authenticator's answer, as JSON in a string; `name` is how the customer calls it."""

    credential: Annotated[str, msgspec.Meta(max_length=50_000)]
    name: Text


class TokenOut(msgspec.Struct, frozen=True, kw_only=True):
    """For the Authorization header. It is told once."""

    token: str
    expires_at: datetime


class AccountOut(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    kind: str
    roles: list[str]


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """`account` is for whom this call acts; `parts` what of it one may come to."""

    id: UUID
    name: str
    email: str | None
    phone: str | None
    language: str
    account: UUID
    parts: list[str]
    accounts: list[AccountOut]


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    orders: list[OrderSummary]
    older: str | None
    """For `before` of the next page."""


class DocumentOut(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    kind: DocumentKind
    number: str
    order_id: UUID
    issued_on: date
    total: int
    currency: str
    pdf: str | None
    """Its path, once it is printed."""


class ToPay(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer that is awaited: `code` is what the payment QR says."""

    amount: int
    currency: str
    iban: str | None
    reference: str | None
    due_on: date | None
    code: str | None


class OrderOut(msgspec.Struct, frozen=True, kw_only=True):
    order: Order
    documents: list[DocumentOut]
    returns: list[Return]
    to_pay: ToPay | None


class ReturnLineIn(msgspec.Struct, frozen=True, kw_only=True):
    order_line_id: UUID
    quantity: Pieces
    reason: Text = "other"
    exchange_for: UUID | None = None


class ReturnIn(msgspec.Struct, frozen=True, kw_only=True):
    lines: Annotated[list[ReturnLineIn], msgspec.Meta(min_length=1, max_length=200)]
    settle_to: SettleTo = "payment"
    note: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class Standings(msgspec.Struct, frozen=True, kw_only=True):
    standing: list[StandingOrder]


class StandingOut(msgspec.Struct, frozen=True, kw_only=True):
    standing: StandingOrder
    ahead: list[Upcoming]
    past: list[Occurrence]


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """Which time of a standing order."""

    number: Annotated[int, msgspec.Meta(ge=1, le=10**6)]


class MoveIn(Number, frozen=True, kw_only=True):
    day: date


class QuantityIn(msgspec.Struct, frozen=True, kw_only=True):
    line_id: UUID
    quantity: Pieces


class LinesIn(msgspec.Struct, frozen=True, kw_only=True):
    """With a `number` it holds for that time only, else from now on. Lines that are left out stay as they are."""

    lines: Annotated[list[QuantityIn], msgspec.Meta(min_length=1, max_length=200)]
    number: Annotated[int, msgspec.Meta(ge=1, le=10**6)] | None = None


class RhythmIn(msgspec.Struct, frozen=True, kw_only=True):
    recurrence: Recurrence


class StandingTermsIn(msgspec.Struct, frozen=True, kw_only=True):
    """One of the account's addresses, and how it is paid ("card" with its id); null leaves a part as it is."""

    address_id: UUID | None = None
    payment: Literal["account", "card"] | None = None
    card_id: UUID | None = None


class RepeatIn(RhythmIn, frozen=True, kw_only=True):
    """`card_id` null: on account."""

    card_id: UUID | None = None


class Documents(msgspec.Struct, frozen=True, kw_only=True):
    documents: list[DocumentOut]


class CardOut(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    label: str
    created_at: datetime


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    cards: list[CardOut]


class AddressIn(msgspec.Struct, frozen=True, kw_only=True):
    name: Text = ""
    street: Text
    city: Text
    postcode: Text = ""
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]


class AddressOut(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    address: dict[str, str]


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    addresses: list[AddressOut]


class PersonOut(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    email: str | None
    roles: list[str]


class People(msgspec.Struct, frozen=True, kw_only=True):
    people: list[PersonOut]
    invited: list[Invitation]


class Invitations(msgspec.Struct, frozen=True, kw_only=True):
    invitations: list[Invitation]


class InviteIn(msgspec.Struct, frozen=True, kw_only=True):
    email: Text
    role: Role


class RoleIn(msgspec.Struct, frozen=True, kw_only=True):
    role: Role


class YesIn(msgspec.Struct, frozen=True, kw_only=True):
    yes: bool


class Approvals(msgspec.Struct, frozen=True, kw_only=True):
    approvals: list[Approval]


class ApproveIn(msgspec.Struct, frozen=True, kw_only=True):
    """What the approver saw, in minor units."""

    expected_total: Annotated[int, msgspec.Meta(ge=0, le=10**11)]


class DeclineIn(msgspec.Struct, frozen=True, kw_only=True):
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class TaskOut(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    title: str
    due_at: datetime


class Tasks(msgspec.Struct, frozen=True, kw_only=True):
    tasks: list[TaskOut]


class AnswerIn(msgspec.Struct, frozen=True, kw_only=True):
    answer: Prose


class ComplaintIn(msgspec.Struct, frozen=True, kw_only=True):
    text: Prose
    order_id: UUID | None = None


class Things(msgspec.Struct, frozen=True, kw_only=True):
    things: list[Owned]
    service_days: list[date]
    """On which a service can be booked."""


class ThingIn(msgspec.Struct, frozen=True, kw_only=True):
    name: Text
    serial_number: Text | None = None
    bought_on: date | None = None


class DayIn(msgspec.Struct, frozen=True, kw_only=True):
    day: date


class Details(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    language: str
    contact_points: list[ContactPoint]


class DetailsIn(msgspec.Struct, frozen=True, kw_only=True):
    name: Text | None = None
    language: Language | None = None


class PhoneIn(msgspec.Struct, frozen=True, kw_only=True):
    phone: Text
    country: Annotated[str, msgspec.Meta(pattern="^([A-Z]{2})?$")] = ""


class ProveIn(msgspec.Struct, frozen=True, kw_only=True):
    token: Text
    code: Text


class ConsentOut(msgspec.Struct, frozen=True, kw_only=True):
    purpose: str
    name: str
    given: bool
    asked: bool
    """Whether it is the customer's to say; what a contract needs is not."""


class Consents(msgspec.Struct, frozen=True, kw_only=True):
    consents: list[ConsentOut]
    points: int
    entries: list[PointsEntry]


class ConsentIn(msgspec.Struct, frozen=True, kw_only=True):
    given: bool


class PrivacyOut(msgspec.Struct, frozen=True, kw_only=True):
    """`files` by the id of an export, while they are kept."""

    requests: list[PrivacyRequest]
    files: dict[UUID, list[ExportFile]]


class Sessions(msgspec.Struct, frozen=True, kw_only=True):
    sessions: list[Session]


class PasswordIn(msgspec.Struct, frozen=True, kw_only=True):
    """Null: no password any more."""

    password: Annotated[str, msgspec.Meta(max_length=1000)] | None
