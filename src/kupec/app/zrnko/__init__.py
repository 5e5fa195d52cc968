"""Zrnko, the demo shop: coffee machines, beans, spare parts and servicing, as data files."""
