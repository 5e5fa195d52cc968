"""Promotions and coupons of a sale."""
