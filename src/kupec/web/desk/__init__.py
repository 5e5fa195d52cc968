"""The desk: where the people of the shop see what happens and do what needs a person."""

from typing import Any

from litestar import Router

from kupec.kit.errors import NotSignedIn
from kupec.web.desk import catalogue, customers, live, order, orders, outbox, picking, signing, stock, system, tasks
from kupec.web.desk.gate import let_in, not_signed_in
from kupec.web.security import limit_rate, refuse_forged

_LARGEST_FORM = 100_000  # bytes

_INSIDE = (
    signing.home,
    signing.signing_out,
    signing.language,
    signing.account,
    signing.new_password,
    orders.orders,
    order.order,
    picking.picking_list,
    picking.picking_lists,
    picking.begin_chosen,
    order.begin_picking,
    order.ship_parcel,
    order.deliver_parcel,
    order.cancel,
    customers.customers,
    customers.customer,
    tasks.tasks,
    tasks.finish,
    catalogue.articles,
    catalogue.product,
    catalogue.change_product,
    stock.stock,
    stock.shelf,
    stock.count,
    outbox.outbox,
    outbox.mail,
    outbox.mail_html,
    outbox.retry,
    system.system,
    system.retry,
    live.live,
)

routes: list[Any] = [
    Router(
        "/desk",
        route_handlers=[signing.sign_in_page, signing.signing_in],
        guards=[limit_rate, refuse_forged],
        request_max_body_size=_LARGEST_FORM,
        include_in_schema=False,
    ),
    Router(
        "/desk",
        route_handlers=_INSIDE,
        guards=[limit_rate, let_in, refuse_forged],
        exception_handlers={NotSignedIn: not_signed_in},
        request_max_body_size=_LARGEST_FORM,
        include_in_schema=False,
    ),
]
"""Everything below /desk."""
