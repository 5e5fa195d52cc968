"""The tools of the sale: goods, cart, delivery, orders, standing orders, complaints, the shop's facts."""

from kupec.sales.tools.cart import CART_TOOLS
from kupec.sales.tools.checkout import CHECKOUT_TOOLS
from kupec.sales.tools.delivery import DELIVERY_TOOLS
from kupec.sales.tools.finishing import FINISHING_TOOLS
from kupec.sales.tools.goods import GOODS_TOOLS
from kupec.sales.tools.guessing import forget_guesses
from kupec.sales.tools.order_changes import CHANGE_TOOLS
from kupec.sales.tools.orders import ORDER_TOOLS

TOOLS = (*GOODS_TOOLS, *CART_TOOLS, *DELIVERY_TOOLS, *CHECKOUT_TOOLS, *FINISHING_TOOLS, *ORDER_TOOLS, *CHANGE_TOOLS)

__all__ = ["TOOLS", "forget_guesses"]
