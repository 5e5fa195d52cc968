"""A card gateway to try things on: a process of its own that behaves like a real one, and our client for it."""
