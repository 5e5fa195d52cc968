"""The shop: its routes, for the application to mount."""

from typing import Any

from litestar import Router

from kupec.kit.errors import NotSignedIn
from kupec.web.portal.gate import not_signed_in
from kupec.web.security import limit_rate, refuse_forged
from kupec.web.storefront import (
    approving,
    cart,
    checkout,
    help_pages,
    left_cart,
    listing,
    my_data,
    on_account,
    orders,
    pages,
    paying,
    payment,
    preferences,
    product,
    rating,
    referral,
    returns,
    reviews,
    service,
    sitemap,
    standing_skip,
    unsubscribe,
    visits,
)

_LARGEST_FORM = 100_000  # bytes

routes: list[Any] = [
    Router(
        path="/",
        guards=[limit_rate, refuse_forged],
        exception_handlers={NotSignedIn: not_signed_in},
        request_max_body_size=_LARGEST_FORM,
        route_handlers=[
            sitemap.robots,
            sitemap.index,
            sitemap.part,
            pages.root,
            pages.home,
            listing.category,
            listing.search,
            pages.suggest,
            product.product,
            product.like,
            product.share,
            pages.info,
            cart.add,
            cart.show,
            cart.change,
            checkout.show,
            checkout.submit,
            checkout.forget,
            approving.question,
            approving.take_back,
            approving.decide_page,
            approving.decide,
            payment.come_back,
            payment.done,
            orders.show,
            orders.live,
            reviews.show,
            reviews.submit,
            orders.document_file,
            paying.picture,
            on_account.begin,
            referral.come,
            standing_skip.show,
            standing_skip.decide,
            visits.show,
            visits.choose,
            *returns.routes,
            *preferences.routes,
            *my_data.routes,
            *service.routes,
            *rating.routes,
            *left_cart.routes,
            *help_pages.routes,
        ],
    ),
    # Mail programs post here without our cookies; each link is signed for itself.
    Router(path="/", request_max_body_size=_LARGEST_FORM, route_handlers=list(unsubscribe.routes)),
]
