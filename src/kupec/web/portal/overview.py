"""The first page of the account: what is coming, and what is asked of the customer."""

from litestar import Response, get

from kupec.sales import list_orders
from kupec.web.portal.gate import customer_of
from kupec.web.portal.page import my_page
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.storefront.shop import open_shop

_LATEST = 3


@get("/{language:str}/my", opt={"part": None}, include_in_schema=False)
async def show(request: AnyRequest) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        orders = await list_orders(db, customer_ids=me.account_ids, limit=_LATEST) if me.may("orders") else []
    return my_page(request, shop, "overview.html", section="overview", orders=orders)
