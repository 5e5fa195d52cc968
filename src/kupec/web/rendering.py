"""Templates into pages: Jinja with autoescape, gettext and Babel's formats in the page's language.

The page's language is `language_of(request)`. In a template, text stands in `{{ _("…") }}` or
`{% trans %}`, with `ngettext` for counts; the filters `money`, `figure`, `day`, `by_day`, `date`, `moment`, `number`,
`weight` and `country` write values as readers of that language do.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import Request, Response
from litestar.datastructures import Cookie
from markupsafe import Markup

from kupec.kit.compiled import compiled_dir
from kupec.kit.i18n import LANGUAGES, best_language, translations
from kupec.kit.money import Money, display, whole_units
from kupec.web.security import CSRF_FIELD, page_token
from kupec.web.site import Site
from kupec.web.static import asset
from kupec.web.widget_script import widget_address

TEMPLATES = Path(__file__).parent / "templates"
_DAY_OF_MONTH = {"cs": "d.\u00a0MMMM", "pl": "d\u00a0MMMM", "en": "d\u00a0MMMM"}
_REGION = {"en": "en_GB"}  # the day before the month, as in all else we say in English
_NEAR = {"cs": {0: "dnes", 1: "zítra"}, "pl": {0: "dzisiaj", 1: "jutro"}, "en": {0: "today", 1: "tomorrow"}}
# With the preposition where the language needs one; English says "by" in the sentence itself.
_ON_WEEKDAY = {
    "cs": ("v pondělí", "v úterý", "ve středu", "ve čtvrtek", "v pátek", "v sobotu", "v neděli"),
    "pl": ("w poniedziałek,", "we wtorek,", "w środę,", "w czwartek,", "w piątek,", "w sobotę,", "w niedzielę,"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_FIGURE_AND_UNIT = re.compile(r"(?<=\d) (?=[^\W\d_×])|(?<=\d) (?=×)|(?<=×) (?=\d)")
_ONE_LETTER_WORD = re.compile(r"(?<![^\s(„])([ksvzouaiwKSVZOUAIW]) ")
LANGUAGE_NAMES = {"cs": "Čeština", "pl": "Polski", "en": "English"}

AnyRequest = Request[Any, Any, Any]


def site_of(request: AnyRequest) -> Site:
    site: Site = request.app.state.site
    return site


def language_of(request: AnyRequest) -> str:
    """The page's language: the one in the address, else one set by the desk, else what the browser asks for."""
    in_address = request.scope["path"].lstrip("/").partition("/")[0]
    if in_address in LANGUAGES:
        return in_address
    chosen = request.state.get("language")
    return chosen if chosen in LANGUAGES else best_language(request.headers.get("accept-language", ""))


def render(
    request: AnyRequest,
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Response[str]:
    """`template` as a page in the request's language.

    Besides `context` a template has `request`, `settings`, `language`, `languages`, `path`, `csrf_token` and what
    `environment` adds. Pages hold what belongs to one visitor, so they are never kept in shared caches.
    """
    site = site_of(request)
    language = language_of(request)
    zone = ZoneInfo(site.settings.shop_timezone)
    token, new_cookie = page_token(request, site.settings)
    page = (
        environment(language)
        .get_template(template)
        .render(
            request=request,
            settings=site.settings,
            zone=zone,
            today=site.clock.now().astimezone(zone).date(),
            path=request.scope["path"],
            csrf_token=token,
            **context,
        )
    )
    cookies = [new_cookie] if new_cookie else []
    return html(page, status=status, headers={"Cache-Control": "private, no-cache", **(headers or {})}, cookies=cookies)


def html(
    page: str, *, status: int = 200, headers: dict[str, str] | None = None, cookies: list[Cookie] | None = None
) -> Response[str]:
    return Response(page, status_code=status, media_type="text/html", headers=headers or {}, cookies=cookies or [])


def pdf_file(number: str, content: bytes) -> Response[bytes]:
    """A document to look at, which keeps its number as its name when it is saved."""
    name = number.replace("/", "-")
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"', "Cache-Control": "private, no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


@cache
def environment(language: str) -> Environment:
    """The templates of one language, compiled once for all languages."""
    directory = compiled_dir()
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=None if directory is None else FileSystemBytecodeCache(str(directory), "template-%s.cache"),
    )
    spoken = translations(language)
    made.install_gettext_callables(  # type: ignore[attr-defined]
        lambda message: _typeset(spoken.gettext(message), language),
        lambda one, more, count: _typeset(spoken.ngettext(one, more, count), language),
        newstyle=True,
        pgettext=lambda context, message: _typeset(spoken.pgettext(context, message), language),
        npgettext=lambda context, one, more, count: _typeset(spoken.npgettext(context, one, more, count), language),
    )
    made.globals["_"] = _speaker(lambda message: _typeset(spoken.gettext(message), language))
    made.globals.update(
        language=language,
        languages=LANGUAGES,
        language_names=LANGUAGE_NAMES,
        asset=asset,
        widget=widget_address,
        icon=icon,
        csrf_field=_csrf_field,
        query=_query,
        whole_units=whole_units,
    )
    made.filters.update(
        money=lambda amount, currency: _money(amount, currency, language),
        figure=lambda amount, currency: _figure(amount, currency, language),
        day=pass_context(lambda context, value: _day(value, language, context["today"])),
        by_day=pass_context(lambda context, value: _by_day(value, language, context["today"])),
        date=lambda value, width="long": format_date(_as_date(value), width, locale=_REGION.get(language, language)),
        moment=pass_context(
            lambda context, value, width="medium": format_datetime(
                value, _moment_pattern(width, language), tzinfo=context["zone"], locale=language
            )
        ),
        number=lambda value: format_decimal(value, locale=language),
        country=lambda code: Locale(language).territories.get(code, code),
        bind=_bind,
        weight=lambda grams: _weight(grams, language),
    )
    return made


def _speaker(translate: Callable[[str], str]) -> Callable[..., Markup]:
    """What `_` is in templates: as the extension has it, but what stays the same is put together once."""

    @cache
    def known(message: str) -> Markup:
        return Markup(translate(message))  # noqa: S704 - our own words

    @cache
    def plain(message: str) -> Markup:
        return known(message) % {}

    def say(message: str, **values: object) -> Markup:
        return known(message) % values if values else plain(message)

    return say


@lru_cache(maxsize=2_000)
def icon(name: str, label: str = "") -> Markup:
    """A symbol of the sprite. Without `label` it is decoration beside a text; with one it speaks for itself."""
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" {} focusable="false"><use href="{}#{}"></use></svg>').format(
        spoken, asset("icons.svg"), name
    )


@pass_context
def _csrf_field(context: Context) -> Markup:
    """The hidden field every form with method="post" carries."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, context["csrf_token"])


def _query(**parameters: Any) -> str:
    """A query string of what is set: `?sort=price&page=2`, or nothing. A list gives its name several times."""
    kept = {name: value for name, value in parameters.items() if value not in (None, "", [])}
    return f"?{urlencode(kept, doseq=True)}" if kept else ""


@lru_cache(maxsize=10_000)
def _typeset(text: str, language: str) -> str:
    """No line ends with a preposition or conjunction of one letter, as Czech and Polish have it."""
    return _ONE_LETTER_WORD.sub("\\1\u00a0", text) if language in ("cs", "pl") else text


@lru_cache(maxsize=20_000)
def _money(amount: int, currency: str, language: str) -> str:
    """Babel takes 0.2 ms for an amount, and a page shows the same dozens to everybody."""
    return display(Money(amount, currency), language)


def _figure(amount: int, currency: str, language: str) -> str:
    """An amount in a column of one currency: every place shown, and a minus as wide as a digit."""
    money = Money(amount, currency)
    return format_decimal(money.decimal, "#,##0.00", locale=language).replace("-", "\u2212")


def _as_date(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _day(value: date, language: str, today: date) -> str:
    """A day near at hand: "úterý 24. listopadu"; with its year where that is another one."""
    comma = "," if language == "pl" else ""
    year = "" if value.year == today.year else "\u00a0y"
    return format_date(value, f"EEEE{comma} {_DAY_OF_MONTH[language]}{year}", locale=language)


def _bind(text: str) -> str:
    """Keeps a figure and its unit on one line: "250 g", "4 × 100 kusů"."""
    return _FIGURE_AND_UNIT.sub("\u00a0", text)


def _weight(grams: int, language: str) -> str:
    if grams < 1000:
        return f"{grams}\u00a0g"
    return f"{format_decimal(Decimal(grams) / 1000, '#,##0.##', locale=language)}\u00a0kg"


def _by_day(value: date, language: str, today: date) -> str:
    """A day inside a sentence that promises it by then: "ve středu 25. listopadu", "by" tomorrow, 24 November."""
    near = _NEAR[language].get((value - today).days)
    day_of_month = format_date(value, _DAY_OF_MONTH[language], locale=language)
    on_weekday = _ON_WEEKDAY[language][value.weekday()].replace(" ", "\u00a0")
    return f"{near}, {day_of_month}" if near else f"{on_weekday} {day_of_month}"


def _moment_pattern(width: str, language: str) -> str:
    if width == "medium":
        return {"cs": "d. M. yyyy H:mm", "pl": "d.MM.yyyy, H:mm"}.get(language, "d MMM yyyy, HH:mm")
    return width
