"""“This agent wants to act for you”: who asks for what, read only or within a mandate, yes or no."""

from datetime import datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.response import Redirect

from kupec.billing import accounts_of, cards_on_file
from kupec.catalogue import Market
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import LANGUAGES, translate
from kupec.kit.i18n import mark as _
from kupec.kit.money import parse_amount
from kupec.machines.mandates import PERIODS, NewMandate
from kupec.machines.mcp import Ask, connect_agent, get_client, go_back, host_of, issuer_of, open_ask, origin_of
from kupec.sales import known_details
from kupec.web.forms import Form, query_form, read_form
from kupec.web.portal.gate import SignedInCustomer, customer_of
from kupec.web.portal.page import my_page, say
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.security import content_policy
from kupec.web.site import Site
from kupec.web.storefront.shop import open_shop

_LONGEST_ASK: Final = 4000
_YEAR: Final = timedelta(days=365)
SPANS: Final = {
    "day": _("per day"),
    "week": _("per week"),
    "month": _("per month"),
    "year": _("per year"),
    "total": _("altogether"),
}
_WRONG: Final = {
    "budget": _("Please give an amount, such as 1500."),
    "approval_above": _("Please give an amount, or leave it empty."),
    "until": _("Please choose a day to come."),
    "payment": _("Please choose how it is paid."),
    "payment_missing": _("To let it buy, keep a card with us first: pay an order by card and have it kept."),
}


@get("/{language:str}/my/connect", opt={"part": "buy", "fresh": True})
async def ask(request: AnyRequest) -> Response[Any]:
    """Who asks, for what; only what the application's request said when it was checked.

    Whoever comes from the application reads it in the account's language, whose market the mandate is for.
    """
    query, me = query_form(request), customer_of(request)
    asked = _asked(request, query)
    if query.text("from") == "application" and me.party.language in LANGUAGES:
        address = f"/{me.party.language}/my/connect?{urlencode({'ask': _sealed(request, None)})}"
        return Redirect(address, status_code=303, headers={"Cache-Control": "no-store"})
    return await _page(request, asked)


async def _page(
    request: AnyRequest, asked: Ask, form: Form | None = None, error: KupecError | None = None
) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        client = await get_client(db, asked.client_id)
        accounts = await accounts_of(db, me.account_ids)
        cards = [card for one in me.account_ids for card in await cards_on_file(db, one)]
        known = await known_details(
            db, person=me.party, account=me.account, account_ids=me.account_ids, market=shop.market
        )
    now = site.clock.now()
    response = my_page(
        request,
        shop,
        "connect.html",
        section="machines",
        status=error.status if error else 200,
        client=client,
        back_to=host_of(asked.redirect_uri),
        sealed=_sealed(request, form),
        may_buy="buy" in asked.scopes,
        buys=form is not None and form.text("access") == "buy",
        on_account=any(account.currency == shop.market.currency for account in accounts.values()),
        cards=cards,
        address=known.address or None,
        periods=SPANS,
        currency=shop.market.currency,
        earliest=_day(site, now),
        typed=_typed(form, _day(site, now + _YEAR)),
        errors={_field(error): _said(error, shop.language)} if error else {},
    )
    # The answer leads to the application: browsers ask the page whether its form may.
    response.headers["Content-Security-Policy"] = content_policy(form_action=[origin_of(asked.redirect_uri)])
    return response


@post("/{language:str}/my/connect", status_code=200, opt={"part": "buy", "fresh": True})
async def answer(request: AnyRequest) -> Response[Any]:
    """Yes makes the agent a machine of the account and sends a code; no sends a no. Each is said once."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    asked, now = _asked(request, form), site.clock.now()
    issuer = issuer_of(site.settings)
    if form.text("decision") != "connect":
        return _away(go_back(asked.redirect_uri, asked.state, issuer, error="access_denied"))
    try:
        async with site.database.transaction() as db:
            shop = await open_shop(request, db)
            mandate = _mandate(form, site, me, shop.market, now) if _wants_buying(form, asked) else None
            code = await connect_agent(
                db,
                asked,
                party_id=me.account.id,
                person_id=me.party.id,
                mandate=mandate,
                actor=me.actor,
                now=now,
            )
    except InvalidValue as error:
        return await _page(request, asked, form, error)
    return _away(go_back(asked.redirect_uri, asked.state, issuer, code=code))


def _away(address: str) -> Redirect:
    return Redirect(address, status_code=303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def _asked(request: AnyRequest, form: Form) -> Ask:
    """Raises AskExpired."""
    site = site_of(request)
    return open_ask(form.text("ask", most=_LONGEST_ASK), site.settings.secret, now=site.clock.now())


def _sealed(request: AnyRequest, form: Form | None) -> str:
    return (form or query_form(request)).text("ask", most=_LONGEST_ASK)


def _wants_buying(form: Form, asked: Ask) -> bool:
    return form.text("access") == "buy" and "buy" in asked.scopes


def _mandate(form: Form, site: Site, me: SignedInCustomer, market: Market, now: datetime) -> NewMandate:
    """What it may buy, as the form says. Raises InvalidValue."""
    payment = form.text("payment")
    card = form.uuid("payment") if payment and payment != "account" else None
    if not payment:
        raise InvalidValue(field="payment_missing", expected="a card")
    period = next((each for each in PERIODS if each == form.text("period")), None)
    if period is None:
        raise InvalidValue(field="period", expected=", ".join(PERIODS))
    return NewMandate(
        market=market.code,
        zone=site.settings.shop_timezone,
        granted_by=None if me.for_oneself else me.party.id,
        budget=parse_amount(form.text("budget"), market.currency, field="budget"),
        budget_period=period,
        approval_above=(
            parse_amount(form.text("approval_above"), market.currency, field="approval_above")
            if form.text("approval_above")
            else None
        ),
        payment="account" if payment == "account" else "card",
        card_id=card,
        expires_at=_until(form, site),
    )


def _until(form: Form, site: Site) -> datetime | None:
    """The end of the day that was chosen, as the shop's clocks have it. Raises InvalidValue."""
    text = form.text("until")
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date() + timedelta(days=1)  # noqa: DTZ007
    except (ValueError, OverflowError):
        raise InvalidValue(field="until", expected="a day") from None
    return datetime.combine(day, time(), tzinfo=ZoneInfo(site.settings.shop_timezone))


def _day(site: Site, moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(site.settings.shop_timezone)).date().isoformat()


def _typed(form: Form | None, until: str) -> dict[str, str]:
    """What stands in the fields: what was written, else a careful beginning."""
    if form is None:
        return {"budget": "", "period": "month", "approval_above": "", "until": until, "payment": ""}
    return {name: form.text(name) for name in ("budget", "period", "approval_above", "until", "payment")}


def _field(error: KupecError) -> str:
    field = {"expires_at": "until", "payment_missing": "payment", "card_id": "payment"}.get(
        error.field or "", error.field
    )
    return field or "form"


def _said(error: KupecError, language: str) -> str:
    known = _WRONG.get(error.field or "") or _WRONG.get(_field(error))
    return translate(language, known) if known else say(error, language)


routes = (ask, answer)
