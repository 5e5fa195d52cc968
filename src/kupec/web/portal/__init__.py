"""The customer's own pages, below /{language}/my."""
