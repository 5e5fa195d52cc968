"""Connections to carriers. How to add one: docs/carriers.md."""
