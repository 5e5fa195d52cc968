"""What goes wrong in a sale, in a buyer's words: beside a field, or said in a conversation."""

from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import explain, translate, translations
from kupec.kit.i18n import mark as _
from kupec.sales.errors import CartIncomplete, NotEnoughStock
from kupec.sales.models import PricedCart, Problem
from kupec.sales.promotions.models import RefusedPromotion

_INVALID = {
    "quantity": _("Please enter a whole number of pieces from 1 to 9,999."),
    "email": _("Please check the e-mail: it should look like jana@example.com."),
    "phone": _("Please check the phone number, with its country code: +420 601 234 567."),
    "address.postcode": _("This postcode does not exist in the chosen country."),
    "address.country": _("Please choose one of the countries we deliver to."),
    "shipping_method": _("Please choose a delivery from the list."),
    "payment_method": _("Please choose one of the ways to pay."),
    "company.name": _("Please give the name of the business."),
    "company.company_id": _("Please check the registration number: it looks like 26168685."),
    "company.vat_id": _("Please check the VAT id, with its country: CZ26168685."),
    "coupon": _("Please enter the code, at most five coupons in one order."),
    "card": _("Please fill in the card. If you have, switch on JavaScript for this page and try again."),
}
_CARD = {
    "insufficient_funds": _("There is not enough money on this card. Nothing was charged. Try another card."),
    "expired_card": _("This card has expired. Nothing was charged. Try another card."),
    "authentication_failed": _("The payment was not confirmed with the bank. Nothing was charged. Try again."),
    "authentication_required": _("The bank wants you to confirm this card. Nothing was charged. Please type it in."),
    "action_expired": _("The payment was not confirmed in time. Nothing was charged. Try again."),
    "authorisation_expired": _("The payment was not completed in time. Nothing was charged. Try again."),
    "declined": _("The bank has declined this card. Nothing was charged. Try another card."),
}
_CARD_OTHERWISE = _("The payment did not go through. Nothing was charged. Try again or use another card.")


ATTRIBUTES = {
    "altitude": _("Altitude"),
    "arabica": _("Arabica"),
    "boiler": _("Heating"),
    "burrs": _("Burrs"),
    "capacity": _("Capacity"),
    "composition": _("Composition"),
    "diameter": _("Diameter"),
    "dimensions": _("Dimensions (W × D × H)"),
    "duration": _("Duration"),
    "fits": _("Fits"),
    "hopper": _("Bean hopper"),
    "intensity": _("Intensity"),
    "material": _("Material"),
    "origin": _("Origin"),
    "pack": _("In the pack"),
    "place": _("Place"),
    "portafilter": _("Portafilter diameter"),
    "power": _("Power"),
    "process": _("Process"),
    "pump": _("Pump"),
    "roast": _("Roast"),
    "tank": _("Water tank"),
    "taste": _("Taste"),
    "volume": _("Volume"),
}
"""What the attributes of products are called; one that is missing here goes by its code."""


def in_words(error: KupecError, language: str) -> str:
    """What the buyer reads about an error."""
    if isinstance(error, NotEnoughStock):
        return shortage(int(error.details["available"]), language)
    if isinstance(error, CartIncomplete):
        return translate(language, str(error.details["problem"]))
    if isinstance(error, InvalidValue):
        if (error.field or "").startswith("options."):
            return translate(language, _("Please check what you filled in here."))
        known = _INVALID.get(error.field or "")
        return translate(language, known or _("This cannot be right. Please check it."))
    return explain(error, language)


def shortage(available: int, language: str) -> str:
    spoken = translations(language)
    if available <= 0:
        return spoken.gettext("Sold out at the moment.")
    text = spoken.ngettext("Only %(num)d piece is left.", "Only %(num)d pieces are left.", available)
    return text % {"num": available}


def card_refusal(code: str | None, language: str) -> str:
    """Why the card did not pay."""
    return translate(language, _CARD.get(code or "", _CARD_OTHERWISE))


def explain_refusal(refused: RefusedPromotion, language: str) -> str:
    """Why a promotion does not apply."""
    return translate(language, refused.reason).format_map(dict(refused.details))


def problem_texts(problems: list[Problem], language: str) -> dict[str, str]:
    """What a cart still lacks, by field; the first problem of a field is enough."""
    texts: dict[str, str] = {}
    for problem in problems:
        texts.setdefault(problem.field, _problem(problem, language))
    return texts


def line_texts(priced: PricedCart, language: str) -> dict[str, str]:
    """Problems of the lines, keyed "lines.<line id>"."""
    texts = {}
    for problem in priced.problems:
        place = problem.field.removeprefix("lines[").removesuffix("]")
        if problem.field.startswith("lines[") and place.isdecimal() and int(place) < len(priced.cart.lines):
            texts[f"lines.{priced.cart.lines[int(place)].id}"] = _problem(problem, language)
    return texts


def _problem(problem: Problem, language: str) -> str:
    if problem.code == "not_enough_stock":
        return shortage(int(problem.details["available"]), language)
    return translate(language, problem.message).format_map(dict(problem.details))
