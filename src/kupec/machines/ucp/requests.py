"""What a platform sends (UCP 2026-04-08): the parts of the schemas that this shop understands.

Unknown members are ignored, as the protocol asks; a member of the wrong type is refused with its path.
"""

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State

from kupec.machines.ucp.errors import MalformedRequest

# PostgreSQL's text cannot hold NUL.
_Text = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\u0000]*$")]
_Long = Annotated[str, msgspec.Meta(max_length=4000, pattern=r"^[^\u0000]*$")]
_Quantity = Annotated[int, msgspec.Meta(ge=1, le=10**6)]
_Amount = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]

_Cursor = Annotated[str, msgspec.Meta(pattern=r"^o[0-9]{1,6}$")]

MOST_IDS = 100


class ItemIn(msgspec.Struct, frozen=True):
    """`id` is a variant's id or its SKU."""

    id: _Text


class LineItemIn(msgspec.Struct, frozen=True, kw_only=True):
    item: ItemIn
    quantity: _Quantity
    id: _Text | None = None


class PurposeIn(msgspec.Struct, frozen=True, kw_only=True):
    """A word about a purpose as version 2026-08-25 of the protocol has it."""

    granted: bool


class BuyerIn(msgspec.Struct, frozen=True, kw_only=True):
    """`consent` is by purpose: analytics, preferences, marketing, sale_of_data."""

    first_name: _Text | None = None
    last_name: _Text | None = None
    email: _Text | None = None
    phone_number: _Text | None = None
    consent: Annotated[dict[_Text, bool | PurposeIn], msgspec.Meta(max_length=20)] | None = None


class ContextIn(msgspec.Struct, frozen=True, kw_only=True):
    """Provisional hints; the address decides once it is known."""

    address_country: _Text | None = None
    language: _Text | None = None
    currency: _Text | None = None
    eligibility: Annotated[list[_Text], msgspec.Meta(max_length=20)] = []
    """What the buyer claims to be entitled to; none of it is known here."""


class DestinationIn(msgspec.Struct, frozen=True, kw_only=True):
    id: _Text | None = None
    street_address: _Text | None = None
    extended_address: _Text | None = None
    address_locality: _Text | None = None
    address_country: _Text | None = None
    postal_code: _Text | None = None
    first_name: _Text | None = None
    last_name: _Text | None = None
    phone_number: _Text | None = None


class GroupIn(msgspec.Struct, frozen=True, kw_only=True):
    id: _Text | None = None
    selected_option_id: _Text | None = None


class MethodIn(msgspec.Struct, frozen=True, kw_only=True):
    type: Literal["shipping", "pickup"] = "shipping"
    destinations: Annotated[list[DestinationIn], msgspec.Meta(max_length=20)] = []
    selected_destination_id: _Text | None = None
    groups: Annotated[list[GroupIn], msgspec.Meta(max_length=20)] = []


class FulfillmentIn(msgspec.Struct, frozen=True, kw_only=True):
    methods: Annotated[list[MethodIn], msgspec.Meta(max_length=10)] = []


class DiscountsIn(msgspec.Struct, frozen=True, kw_only=True):
    """The codes that are to hold, in place of those told before."""

    codes: Annotated[list[_Text], msgspec.Meta(max_length=20)] = []


class CheckoutIn(msgspec.Struct, frozen=True, kw_only=True):
    """Open a checkout session, or replace one: what is left out is not there any more.

    With a `cart_id`, when it is opened, goods, buyer, context and codes are that cart's; it may then name no goods.
    """

    line_items: Annotated[list[LineItemIn], msgspec.Meta(max_length=200)]
    buyer: BuyerIn | None = None
    context: ContextIn | None = None
    discounts: DiscountsIn | None = None
    fulfillment: FulfillmentIn | None = None
    cart_id: _Text | None = None


class CartIn(msgspec.Struct, frozen=True, kw_only=True):
    """Open a cart, or replace one: what is left out is not there any more."""

    line_items: Annotated[list[LineItemIn], msgspec.Meta(min_length=1, max_length=200)]
    buyer: BuyerIn | None = None
    context: ContextIn | None = None
    discounts: DiscountsIn | None = None


class CredentialIn(msgspec.Struct, frozen=True, kw_only=True):
    """A token of the payment handler; card numbers never come here."""

    type: _Text = "token"
    token: _Long


class InstrumentIn(msgspec.Struct, frozen=True, kw_only=True):
    credential: CredentialIn
    handler_id: _Text = ""
    id: _Text | None = None
    type: _Text = "card"
    selected: bool = True


class PaymentIn(msgspec.Struct, frozen=True, kw_only=True):
    instruments: Annotated[list[InstrumentIn], msgspec.Meta(min_length=1, max_length=10)]


class CompleteIn(msgspec.Struct, frozen=True, kw_only=True):
    payment: PaymentIn


class PaginationIn(msgspec.Struct, frozen=True, kw_only=True):
    """A `limit` above 50 is taken as 50."""

    cursor: _Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)] = 10


class PriceFilterIn(msgspec.Struct, frozen=True, kw_only=True):
    """Minor units of the context's currency, both ends included."""

    min: _Amount | None = None
    max: _Amount | None = None


class FiltersIn(msgspec.Struct, frozen=True, kw_only=True):
    """`categories` are the values that products carry; any one of them suffices."""

    categories: Annotated[list[_Text], msgspec.Meta(max_length=50)] = []
    price: PriceFilterIn | None = None


class SearchIn(msgspec.Struct, frozen=True, kw_only=True):
    """Words, filters, or both; neither is an empty request."""

    query: _Long = ""
    context: ContextIn | None = None
    filters: FiltersIn | None = None
    pagination: PaginationIn | None = None
    cursor: _Cursor | None = None
    """As some platforms send it, who do not put it into `pagination`."""


class LookupIn(msgspec.Struct, frozen=True, kw_only=True):
    """Product ids, variant ids and SKUs, in any mixture."""

    ids: Annotated[list[_Text], msgspec.Meta(min_length=1, extra_json_schema={"maxItems": MOST_IDS})]
    context: ContextIn | None = None
    filters: FiltersIn | None = None


class GetProductIn(msgspec.Struct, frozen=True, kw_only=True):
    """A product's id, a variant's id or its SKU."""

    id: _Text
    context: ContextIn | None = None
    filters: FiltersIn | None = None


Body = TypeVar("Body")


def some_goods(body: CheckoutIn) -> CheckoutIn:
    """A session of something. Raises MalformedRequest for one without goods."""
    if not body.line_items:
        raise MalformedRequest(field="$.line_items", reason="expected `array` of length >= 1")
    return body


async def told(request: Request[Any, Any, State]) -> object:
    """All that the body says, what this shop does not understand of it, too; in whatever order it says it."""
    return msgspec.json.decode(await request.body())


async def read(request: Request[Any, Any, State], decoder: msgspec.json.Decoder[Body]) -> Body:
    """The request's body. Raises MalformedRequest with the path of the member that is wrong."""
    body = await request.body()
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        raise MalformedRequest(field=path.removesuffix("`") or "$", reason=reason.lower()) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRequest(field="$", reason="it is not JSON") from error
    except RecursionError as error:
        raise MalformedRequest(field="$", reason="it is nested too deeply") from error
