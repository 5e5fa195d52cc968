"""What this room holds about a customer: what a platform called the place where they live, and what it may not see."""

from typing import Final

from kupec.kit.personal import Held, PrivacyPart

_THEIR_CARTS: Final = """cart_id in (
    select id from cart where customer_id = any($1::uuid[])
     union
    select cart_id from sales_order where customer_id = any($1::uuid[]))"""

privacy_part = PrivacyPart(
    name="ucp",
    tables=(Held(table="ucp_destination", where=_THEIR_CARTS), Held(table="ucp_of_owner", where=_THEIR_CARTS)),
)
