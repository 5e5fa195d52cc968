"""Kupec: one engine for automated selling on one PostgreSQL database and one event log."""

__version__ = "0.1.0"
