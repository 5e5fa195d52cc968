"""What is said about a session, a cart or an order beside itself: errors, and where in it they belong."""

from typing import Literal

from kupec.kit.errors import KupecError
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.machines.ucp.profile import error_metadata
from kupec.machines.ucp.shapes import ErrorResponse, Message
from kupec.sales import Problem

_METHOD = "$.fulfillment.methods[0]"
_PATHS = {
    "email": "$.buyer.email",
    "phone": "$.buyer.phone_number",
    "name": "$.buyer.first_name",
    "lines": "$.line_items",
    "expected_total": "$.totals",
    "shipping_method": f"{_METHOD}.groups[0].selected_option_id",
    "address.name": f"{_METHOD}.destinations[0].first_name",
    "address.street": f"{_METHOD}.destinations[0].street_address",
    "address.city": f"{_METHOD}.destinations[0].address_locality",
    "address.postcode": f"{_METHOD}.destinations[0].postal_code",
    "address.country": f"{_METHOD}.destinations[0].address_country",
}
CODES = {
    "not_enough_stock": "out_of_stock",
    "not_sold": "item_unavailable",
    "country_not_served": "address_undeliverable",
}


def error_response(code: str, content: str, *, path: str | None = None) -> ErrorResponse:
    return ErrorResponse(
        ucp=error_metadata(), messages=[error_message(code, content, path=path, severity="unrecoverable")]
    )


def error_message(
    code: str,
    content: str,
    *,
    path: str | None = None,
    severity: Literal["recoverable", "requires_buyer_review", "unrecoverable"] = "recoverable",
) -> Message:
    return Message(type="error", code=code, content=content, path=path, severity=severity)


def refusal(error: KupecError, language: str) -> Message:
    """Why something was not done to a session that stands."""
    code = CODES.get(error.code, error.code)
    return error_message(code, explain(error, language), path=path_of(error.field))


def path_of(field: str | None) -> str | None:
    """Where in the protocol's resource a field of ours stands."""
    if field is None:
        return None
    return _PATHS.get(field) or "$." + field.replace("lines[", "line_items[")


def escalation(language: str) -> Message:
    text = translate(language, _("The buyer's bank asks them to confirm the payment."))
    return error_message("payment_confirmation_required", text, path="$.payment", severity="requires_buyer_review")


def problem_message(problem: Problem, language: str) -> Message:
    content = translate(language, problem.message).format_map(problem.details)
    return error_message(CODES.get(problem.code, problem.code), content, path=path_of(problem.field))
