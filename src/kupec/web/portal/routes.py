"""The addresses of the customer's account, for the application to mount."""

from typing import Any

from litestar import Router

from kupec.kit.errors import NotSignedIn
from kupec.web.portal import (
    addresses,
    approvals,
    asked,
    connecting,
    details,
    devices,
    machines,
    money,
    orders,
    overview,
    owned,
    people,
    privacy,
    security,
    signing,
    standing,
    standing_cart,
    standing_terms,
    suppliers,
)
from kupec.web.portal.gate import SignInAgain, let_in, not_signed_in
from kupec.web.security import limit_rate, refuse_forged

_LARGEST_FORM = 100_000  # bytes

routes: list[Any] = [
    Router(
        path="/",
        guards=[limit_rate, refuse_forged],
        include_in_schema=False,
        request_max_body_size=_LARGEST_FORM,
        route_handlers=[
            *signing.at_the_door,
            Router(
                path="/",
                guards=[let_in],
                exception_handlers={NotSignedIn: not_signed_in, SignInAgain: not_signed_in},
                route_handlers=[
                    overview.show,
                    *signing.inside,
                    *orders.routes,
                    *standing.routes,
                    *standing_cart.routes,
                    *standing_terms.routes,
                    *money.routes,
                    *approvals.routes,
                    *owned.routes,
                    *devices.routes,
                    *machines.routes,
                    *suppliers.routes,
                    *addresses.routes,
                    *people.routes,
                    *details.routes,
                    *privacy.routes,
                    *security.routes,
                    *asked.routes,
                    *connecting.routes,
                ],
            ),
        ],
    )
]
