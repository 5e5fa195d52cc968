"""Buyers that are not people: agents and devices, by open protocols."""
