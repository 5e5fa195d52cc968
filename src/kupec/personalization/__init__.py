"""Personalization: who belongs to which segment, by what they are and what they do."""
