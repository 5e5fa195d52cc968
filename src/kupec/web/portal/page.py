"""What every page below /my has: its place in the account, a line about what was just done, nothing kept in caches."""

import base64
import binascii
from typing import Any

import msgspec
from litestar import Response
from litestar.response import Redirect

from kupec.customers import Part
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.sales import CartIncomplete
from kupec.web.portal.gate import SignedInCustomer, customer_of
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.security import forget_cookie, read_signed_cookie, signed_cookie
from kupec.web.storefront.shop import Shop
from kupec.web.storefront.shop import page as shop_page

SAID = "kupec_my_said"
_LONGEST = 500


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the account. `part` is what of it one must be allowed to come to."""

    key: str
    path: str
    name: str
    icon: str
    part: Part | None = None
    organisations: bool = False


SECTIONS = (
    Section(key="overview", path="/my", name=_("Overview"), icon="home"),
    Section(key="orders", path="/my/orders", name=_("Orders"), icon="box", part="orders"),
    Section(key="standing", path="/my/standing", name=_("Standing orders"), icon="calendar", part="orders"),
    Section(
        key="approvals", path="/my/approvals", name=_("Approvals"), icon="check", part="approve", organisations=True
    ),
    Section(key="money", path="/my/money", name=_("Invoices and payments"), icon="money", part="money"),
    Section(key="things", path="/my/things", name=_("What you have"), icon="cup", part="orders"),
    Section(key="machines", path="/my/machines", name=_("Machines"), icon="robot", part="orders"),
    Section(key="addresses", path="/my/addresses", name=_("Addresses"), icon="pin", part="buy"),
    Section(key="people", path="/my/people", name=_("People"), icon="users", part="people", organisations=True),
    Section(key="details", path="/my/details", name=_("Your details"), icon="user"),
    Section(key="security", path="/my/security", name=_("Sign-in"), icon="lock"),
    Section(key="privacy", path="/my/privacy", name=_("Privacy"), icon="settings"),
)


class Said(msgspec.Struct, frozen=True):
    kind: str
    text: str


def my_page(
    request: AnyRequest, shop: Shop, template: str, *, section: str, status: int = 200, **context: Any
) -> Response[str]:
    """A page of the account, for whoever is signed in; only behind `let_in`."""
    me = customer_of(request)
    said = take_said(request)
    response = shop_page(
        request,
        shop,
        f"my/{template}",
        status=status,
        headers={"Cache-Control": "private, no-store"},
        me=me,
        sections=sections_of(me),
        section=section,
        said=said,
        **({"errors": {}} | context),
    )
    if said:
        response.cookies.append(forget_cookie(site_of(request), SAID))
    return response


def sections_of(me: SignedInCustomer) -> list[Section]:
    return [each for each in SECTIONS if (each.part is None or me.may(each.part)) and not _for_others(each, me)]


def _for_others(section: Section, me: SignedInCustomer) -> bool:
    return section.organisations and me.account.kind != "organisation"


def go(request: AnyRequest, path: str, *, done: str = "", failed: str = "") -> Redirect:
    """See other: after a form was sent, with a line about how it went; both are msgids, or words already said."""
    language = language_of(request)
    said = Said("good", done) if done else Said("bad", failed) if failed else None
    cookies = []
    if said:
        worded = Said(said.kind, translate(language, said.text)[:_LONGEST])
        packed = base64.urlsafe_b64encode(msgspec.json.encode(worded)).decode().rstrip("=")
        cookies.append(signed_cookie(site_of(request), SAID, packed, days=1))
    return Redirect(f"/{language}{path}", status_code=303, cookies=cookies, headers={"Cache-Control": "no-store"})


def take_said(request: AnyRequest) -> Said | None:
    packed = read_signed_cookie(request, SAID)
    if not packed:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), type=Said)
    except (binascii.Error, msgspec.MsgspecError):
        return None


_WRONG = {
    "email": _("Please check the e-mail: it should look like jana@example.com."),
    "phone": _("Please check the phone number, with its country code: +420 601 234 567."),
    "name": _("Please give a name of at most 200 characters."),
    "street": _("Please give the street and number."),
    "city": _("Please give the town."),
    "postcode": _("This postcode does not exist in the chosen country."),
    "country": _("Please choose one of the countries we deliver to."),
    "every": _("Please enter a whole number, 1–999."),
    "first": _("Please choose today or a day to come."),
    "until": _("Please choose a day after the first one, or leave it empty."),
    "day": _("Please choose a day to come, within a year."),
    "lines": _("Please keep at least one piece. To leave everything out, skip the day or end the standing order."),
}
_PIECES = _("Please enter a whole number of pieces from 0 to 9,999.")
_NO_DELIVERY = _("No delivery can carry this. Choose another one or fewer pieces, or write to us.")


def say(error: KupecError, language: str) -> str:
    """What a customer reads about an error."""
    if isinstance(error, InvalidValue):
        if (error.field or "").startswith("quantity."):
            return translate(language, _PIECES)
        return translate(language, _WRONG.get(error.field or "", _("This cannot be right. Please check it.")))
    if isinstance(error, CartIncomplete):
        nothing_carries = error.field == "shipping_method"
        return translate(language, _NO_DELIVERY if nothing_carries else str(error.details["problem"]))
    return explain(error, language)


def mine_or_missing(found: bool, what: str) -> None:
    """What is somebody else's does not exist. Raises NotFound."""
    if not found:
        raise NotFound(what=what)
