"""Promotions and coupons of a sale. How one is chosen and explained: docs/algorithms/promotions.md."""
