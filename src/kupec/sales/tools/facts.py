"""The tool that answers with the shop's facts: all of them from documents and settings, none typed into an answer."""

from collections.abc import Sequence
from datetime import date

from babel.core import Locale
from babel.dates import get_day_names

from kupec.billing import PAYMENT, SELLER, PaymentMethods, Seller, accounts_of, offered
from kupec.catalogue import Market
from kupec.conversations import SERVICE_HOURS, ServiceHours, is_open, next_opening
from kupec.customers import CONSENTS, POINTS, Consents, Points, asker_of
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate, translations
from kupec.kit.spoken import country_said, day_said, listed, moment_said, money_said, words
from kupec.kit.tools import Tool, ToolContext
from kupec.kit.versions import published
from kupec.sales.models import ShippingOption
from kupec.sales.shipping import SHIPPING, Tariff, tariff_of
from kupec.sales.shop_facts import FACTS
from kupec.sales.tools.in_hand import cheapest, market_of
from kupec.sales.tools.shapes_cart import Nothing
from kupec.sales.tools.shapes_standing import ShopFacts

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TO_AN_ADDRESS = ("parcel", "slot", "point")


async def _shop_facts(context: ToolContext, arguments: Nothing) -> ShopFacts:
    db, language, settings = context.db, context.language, context.settings
    market = await market_of(db, context)
    found = await published(db, SHIPPING, PAYMENT, SELLER, SERVICE_HOURS, CONSENTS, POINTS, FACTS)
    seller, hours, facts, methods = found[SELLER], found[SERVICE_HOURS], found[FACTS], found[PAYMENT]
    tariff = tariff_of(found[SHIPPING])
    ways = tariff.options(market, country=None, language=language, subtotal=0, now=context.now)
    lowest = cheapest(ways) if ways else None
    free_from = min((way.free_from for way in ways if way.free_from is not None), default=0)
    opening = next_opening(hours, context.now)
    now_open = is_open(hours, context.now)
    when = moment_said(opening, language, zone=context.zone, today=context.today) if opening else ""
    bank = methods.accounts.get(market.currency)
    return ShopFacts(
        shop_name=settings.shop_name,
        email=seller.email or settings.shop_email,
        phone=facts.phone or seller.phone,
        address_text=_address(seller, language),
        company_text=_company(seller, settings.shop_name, language),
        hours_text=hours_said(hours, language),
        open_now=now_open,
        open_text=_open(now_open, when, language),
        next_opening_text="" if now_open else when,
        return_days=found[SHIPPING].return_days,
        return_days_text=_days(found[SHIPPING].return_days, language),
        currency=market.currency,
        free_from=free_from,
        free_from_text=money_said(free_from, market.currency, language) if free_from else "",
        shipping_from=lowest.fee if lowest else 0,
        shipping_from_text=_fee(lowest, market, language),
        shipping_ways_text=listed([way.name for way in ways], language),
        pickup_text=await _pickup(db, tariff, language),
        countries_text=listed([country_said(code, language) for code in market.countries], language),
        cut_off_text=_cut_off(tariff, ways, language),
        delivery_days_text=_soonest(context, ways),
        payment_text=_payments(methods, market, language),
        transfer_days=next((one.due_days for one in methods.methods if one.kind == "transfer" and one.active), 0),
        account_days=await _account_days(db, context, market),
        bank_account_text=(bank.number or bank.iban) if bank else "",
        complaint_days=facts.complaint_days,
        warranty_months=facts.warranty_months,
        points_text=_points(found[POINTS], market, language),
        consents_text=_consents(found[CONSENTS], language),
        categories_text=await _categories(db, language),
        **_links(context),
    )


def _links(context: ToolContext) -> dict[str, str]:
    pages = {
        "home_url": "",
        "cart_url": "/cart",
        "account_url": "/my",
        "orders_url": "/my/orders",
        "standing_url": "/my/standing",
        "consents_url": "/my/privacy",
        "complaint_url": "/my/complaint",
        "help_url": "/help",
    }
    return {name: context.link(path) for name, path in pages.items()}


def _address(seller: Seller, language: str) -> str:
    place = " ".join(part for part in (seller.postcode, seller.city) if part)
    return ", ".join(part for part in (seller.street, place) if part)


def _company(seller: Seller, shop_name: str, language: str) -> str:
    if not seller.company_id:
        return ""
    said = [seller.name or shop_name, words(language, _("company no. {number}"), number=seller.company_id)]
    if seller.vat_id:
        said.append(words(language, _("VAT id {number}"), number=seller.vat_id))
    return ", ".join([*said, *([seller.register] if seller.register else [])])


def hours_said(hours: ServiceHours, language: str) -> str:
    """ "Mon–Fri 08:00–17:00, Sat 09:00–12:00": days one after the other with the same hours are said together."""
    names = get_day_names("abbreviated", locale=Locale(language))
    said: list[tuple[int, int, str]] = []
    for number, day in enumerate(_WEEK):
        times = ", ".join(f"{span.opens}–{span.closes}" for span in hours.days.get(day, []))
        if not times:
            continue
        if said and said[-1][1] == number - 1 and said[-1][2] == times:
            said[-1] = (said[-1][0], number, times)
        else:
            said.append((number, number, times))
    return ", ".join(
        f"{names[first]} {times}" if first == last else f"{names[first]}–{names[last]} {times}"
        for first, last, times in said
    )


def _open(now_open: bool, when: str, language: str) -> str:
    if now_open:
        return translate(language, _("People answer now."))
    if not when:
        return ""
    return words(language, _("People answer again {when}."), when=when)


def _days(count: int, language: str) -> str:
    return translations(language).ngettext("%(num)d day", "%(num)d days", count) % {"num": count}


def _fee(way: ShippingOption | None, market: Market, language: str) -> str:
    if way is None:
        return ""
    return money_said(way.fee, market.currency, language) if way.fee else translate(language, _("free"))


async def _pickup(db: Connection, tariff: Tariff, language: str) -> str:
    codes = [one.location for one in tariff.document.methods if one.kind == "pickup" and one.active and one.location]
    rows = await db.fetch("select name from location where code = any($1::text[]) order by position", codes)
    return listed([row["name"] for row in rows], language)


def _cut_off(tariff: Tariff, ways: Sequence[ShippingOption], language: str) -> str:
    """Until when what is ordered leaves on the same day: by the latest that any parcel waits for."""
    codes = {way.code for way in ways if way.kind in _TO_AN_ADDRESS}
    latest = max((one.cut_off for one in tariff.document.methods if one.code in codes), default=None)
    return (
        words(language, _("What is ordered by {time} leaves the same working day."), time=f"{latest:%H:%M}")
        if latest
        else ""
    )


def _soonest(context: ToolContext, ways: Sequence[ShippingOption]) -> str:
    day: date | None = min((way.promised_on for way in ways if way.kind in _TO_AN_ADDRESS), default=None)
    return day_said(day, context.language, today=context.today) if day else ""


def _payments(methods: PaymentMethods, market: Market, language: str) -> str:
    found = offered(
        methods,
        country=market.home_country,
        currency=market.currency,
        total=0,
        shipping_method=None,
        account=True,
        language=language,
    )
    return listed([one.name for one in found], language)


async def _account_days(db: Connection, context: ToolContext, market: Market) -> int:
    """How long a customer who buys on account has to pay; 0 for who does not."""
    asker = await asker_of(db, context)
    if asker.root is None or asker.is_staff:
        return 0
    held = await accounts_of(db, await asker.ids(db, "buy"))
    return next((one.terms_days for one in held.values() if one.currency == market.currency and one.usable), 0)


def _points(points: Points, market: Market, language: str) -> str:
    rate = points.per_unit.get(market.currency)
    if not rate:
        return ""
    worth = money_said(100 * points.least // rate, market.currency, language)
    return words(language, _("{count} points are worth {amount}."), count=points.least, amount=worth)


def _consents(consents: Consents, language: str) -> str:
    return listed([one.name(language) for one in consents.purposes if one.basis == "consent"], language)


async def _categories(db: Connection, language: str) -> str:
    rows = await db.fetch(
        """
        select distinct on (c.position, c.code) t.name
          from category c join category_text t on t.category_id = c.id and t.language in ($1, 'en')
         where c.parent_id is null order by c.position, c.code, t.language = $1 desc
        """,
        language,
    )
    return listed([row["name"] for row in rows], language)


FACT_TOOLS = (
    Tool(
        name="shop_facts",
        description="The shop's facts: contact, hours, delivery, payment, returns, complaints and where to find what.",
        arguments=Nothing,
        result=ShopFacts,
        run=_shop_facts,
    ),
)
