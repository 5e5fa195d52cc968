"""What a platform sends (ACP 2026-04-17): the parts of the schemas that this shop understands.

The JSON Schema of the requests leaves out `quantity`, which the protocol's text and its later corrections have: it is
taken. Unknown members are ignored; a member of the wrong type is refused with its path. `null` clears, which a member
that is left out does not.
"""

from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State
from msgspec import UNSET, UnsetType

from kupec.machines.acp.errors import UnreadableRequest

# PostgreSQL's text cannot hold NUL.
_Text = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\u0000]*$")]
_Long = Annotated[str, msgspec.Meta(max_length=5000, pattern=r"^[^\u0000]*$")]
_Quantity = Annotated[int, msgspec.Meta(ge=1, le=9999)]


class NamedItem(msgspec.Struct, frozen=True, kw_only=True):
    """A variant's id or its SKU."""

    id: _Text


class LineIn(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is a variant's id or its SKU, or `item.id` is; the same item on several lines is one line with their sum."""

    id: _Text | None = None
    item: NamedItem | None = None
    quantity: _Quantity = 1

    @property
    def named(self) -> str:
        return self.item.id if self.item is not None else self.id or ""


class BuyerIn(msgspec.Struct, frozen=True, kw_only=True):
    email: _Text
    first_name: _Text | None = None
    last_name: _Text | None = None
    full_name: _Text | None = None
    phone_number: _Text | None = None

    @property
    def name(self) -> str | None:
        return self.full_name or " ".join(part for part in (self.first_name, self.last_name) if part) or None


class AddressIn(msgspec.Struct, frozen=True, kw_only=True):
    name: _Text
    line_one: _Text
    city: _Text
    country: _Text
    postal_code: _Text
    state: _Text | None = None
    line_two: _Text | None = None


class DetailsIn(msgspec.Struct, frozen=True, kw_only=True):
    name: _Text | None = None
    phone_number: _Text | None = None
    email: _Text | None = None
    address: AddressIn | None = None


class OptionIn(msgspec.Struct, frozen=True, kw_only=True):
    option_id: _Text
    type: _Text = "shipping"
    item_ids: Annotated[list[_Text], msgspec.Meta(max_length=200)] = []


class DiscountsIn(msgspec.Struct, frozen=True, kw_only=True):
    codes: Annotated[list[_Text], msgspec.Meta(max_length=20)] = []


class InterventionsIn(msgspec.Struct, frozen=True, kw_only=True):
    supported: Annotated[list[_Text], msgspec.Meta(max_length=20)] = []


class CapabilitiesIn(msgspec.Struct, frozen=True, kw_only=True):
    interventions: InterventionsIn | None = None


class SessionIn(msgspec.Struct, frozen=True, kw_only=True):
    """Open a checkout session. With `cart_id`, what the cart holds and who buys are taken from there."""

    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{3}$")]
    capabilities: CapabilitiesIn
    line_items: Annotated[list[LineIn], msgspec.Meta(max_length=200)]
    cart_id: _Text | None = None
    buyer: BuyerIn | None = None
    fulfillment_details: DetailsIn | None = None
    discounts: DiscountsIn | None = None
    coupons: Annotated[list[_Text], msgspec.Meta(max_length=20)] | None = None
    locale: _Text | None = None
    timezone: _Text | None = None
    order_notes: _Long | None = None


class UpdateIn(msgspec.Struct, frozen=True, kw_only=True):
    """Change a session; what is left out stays, null clears."""

    line_items: Annotated[list[LineIn], msgspec.Meta(max_length=200)] | UnsetType = UNSET
    buyer: BuyerIn | UnsetType | None = UNSET
    fulfillment_details: DetailsIn | UnsetType | None = UNSET
    selected_fulfillment_options: Annotated[list[OptionIn], msgspec.Meta(max_length=20)] | UnsetType | None = UNSET
    discounts: DiscountsIn | UnsetType | None = UNSET
    coupons: Annotated[list[_Text], msgspec.Meta(max_length=20)] | UnsetType | None = UNSET
    order_notes: _Long | UnsetType | None = UNSET


class CredentialIn(msgspec.Struct, frozen=True, kw_only=True):
    """A token of the card gateway; card numbers never come here."""

    type: _Text
    token: _Long


class InstrumentIn(msgspec.Struct, frozen=True, kw_only=True):
    type: _Text
    credential: CredentialIn


class PaymentDataIn(msgspec.Struct, frozen=True, kw_only=True):
    handler_id: _Text | None = None
    instrument: InstrumentIn | None = None


class CompleteIn(msgspec.Struct, frozen=True, kw_only=True):
    payment_data: PaymentDataIn
    buyer: BuyerIn | None = None
    authentication_result: dict[str, Any] | None = None


class CancelIn(msgspec.Struct, frozen=True, kw_only=True):
    """Why the buyer went is not kept."""

    intent_trace: dict[str, Any] | None = None


class CartIn(msgspec.Struct, frozen=True, kw_only=True):
    """All that the cart shall hold."""

    line_items: Annotated[list[LineIn], msgspec.Meta(min_length=1, max_length=200)]
    buyer: BuyerIn | None = None
    discounts: DiscountsIn | None = None
    locale: _Text | None = None


Body = TypeVar("Body")
AnyRequest = Request[Any, Any, State]


def read(body: bytes, decoder: msgspec.json.Decoder[Body]) -> Body:
    """The request's body. Raises UnreadableRequest with the path of the member that is wrong."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        raise UnreadableRequest(field=path.removesuffix("`") or "$", reason=reason.lower()) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableRequest(field="$", reason="it is not JSON") from error
    except RecursionError as error:
        raise UnreadableRequest(field="$", reason="it is nested too deeply") from error
