"""Stripe as a card provider, on its wire format."""
