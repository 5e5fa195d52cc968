"""The tools of the sale: goods, cart, delivery, orders, standing orders, complaints, the shop's facts."""

from kupec.sales.tools.cart import CART_TOOLS
from kupec.sales.tools.checkout import CHECKOUT_TOOLS
from kupec.sales.tools.complaints import COMPLAINT_TOOLS
from kupec.sales.tools.delivery import DELIVERY_TOOLS
from kupec.sales.tools.facts import FACT_TOOLS
from kupec.sales.tools.finishing import FINISHING_TOOLS
from kupec.sales.tools.goods import GOODS_TOOLS
from kupec.sales.tools.greeting import GREETING_TOOLS
from kupec.sales.tools.guessing import forget_guesses
from kupec.sales.tools.order_changes import CHANGE_TOOLS
from kupec.sales.tools.orders import ORDER_TOOLS
from kupec.sales.tools.standing import STANDING_TOOLS
from kupec.sales.tools.starting import STARTING_TOOLS

TOOLS = (
    *GOODS_TOOLS,
    *CART_TOOLS,
    *DELIVERY_TOOLS,
    *CHECKOUT_TOOLS,
    *FINISHING_TOOLS,
    *ORDER_TOOLS,
    *CHANGE_TOOLS,
    *STARTING_TOOLS,
    *STANDING_TOOLS,
    *COMPLAINT_TOOLS,
    *FACT_TOOLS,
    *GREETING_TOOLS,
)

__all__ = ["TOOLS", "forget_guesses"]
