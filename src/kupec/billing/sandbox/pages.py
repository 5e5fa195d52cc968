"""The page on which the customer confirms a payment with "their bank": plainly marked as a sandbox."""

import base64
import hashlib
import importlib.resources
from functools import partial
from urllib.parse import urlsplit

from jinja2 import Environment, StrictUndefined

from kupec.billing.sandbox.wire import GatewayPayment
from kupec.kit.i18n import best_language, translate
from kupec.kit.money import Money, display

_HERE = importlib.resources.files("kupec.billing.sandbox")
_STYLE = (_HERE / "confirm.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
    (_HERE / "confirm.html").read_text(encoding="utf-8")
)


def confirm_page(
    payment: GatewayPayment, *, return_url: str, accept_language: str, typed_there: bool = False, problem: str = ""
) -> tuple[str, dict[str, str]]:
    """The page and its headers. It may post to itself, and through that lead back to the shop; nothing else.

    With `typed_there` it asks for the card; `problem` is what was wrong with the one that was typed.
    """
    language = best_language(accept_language)
    amount = display(Money(payment.amount, payment.currency), language)
    page = _PAGE.render(
        _=partial(translate, language),
        language=language,
        style=_STYLE,
        amount=amount,
        card=payment.card or "",
        typed_there=typed_there,
        problem=translate(language, problem) if problem else "",
    )
    shop = urlsplit(return_url)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self' {shop.scheme}://{shop.netloc}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return page, {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
