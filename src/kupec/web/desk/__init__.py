"""The desk: where the people of the shop see what happens and do what needs a person."""

from typing import Any

from litestar import Router

from kupec.kit.errors import NotSignedIn
from kupec.staff import ConfirmFirst, EnrolFirst
from kupec.web.desk import (
    account,
    catalogue,
    customers,
    finance,
    live,
    order,
    orders,
    outbox,
    picking,
    refund,
    signing,
    staff_pages,
    stock,
    system,
    tasks,
)
from kupec.web.desk.gate import confirm_first, enrol_first, let_in, not_signed_in
from kupec.web.security import limit_rate, refuse_forged

_LARGEST_FORM = 100_000  # bytes

_INSIDE = (
    signing.home,
    signing.signing_out,
    signing.language,
    account.account,
    account.new_password,
    account.end_elsewhere,
    account.confirm_page,
    account.confirm,
    account.app_page,
    account.enrol_app,
    account.drop_app,
    account.fresh_codes,
    account.new_passkey,
    account.add_passkey,
    account.drop_passkey,
    staff_pages.people,
    staff_pages.take_on,
    staff_pages.link_again,
    staff_pages.give_role,
    staff_pages.let_go,
    staff_pages.let_back,
    staff_pages.reset,
    staff_pages.rules,
    staff_pages.access,
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
    refund.refund,
    finance.documents,
    finance.pdf,
    finance.export_csv,
    finance.export_zip,
    finance.ledger,
    finance.ledger_account,
    finance.store_credit,
    finance.issue_credit,
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
        route_handlers=[
            signing.sign_in_page,
            signing.signing_in,
            signing.second_step_page,
            signing.second_step,
            signing.passkey_challenge,
            signing.passkey_sign_in,
            signing.invitation,
            signing.accepting,
        ],
        guards=[limit_rate, refuse_forged],
        request_max_body_size=_LARGEST_FORM,
        include_in_schema=False,
    ),
    Router(
        "/desk",
        route_handlers=_INSIDE,
        guards=[limit_rate, let_in, refuse_forged],
        exception_handlers={NotSignedIn: not_signed_in, EnrolFirst: enrol_first, ConfirmFirst: confirm_first},
        request_max_body_size=_LARGEST_FORM,
        include_in_schema=False,
    ),
]
"""Everything below /desk."""
