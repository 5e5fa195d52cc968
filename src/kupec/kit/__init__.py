"""The ground everything stands on: one noun a file, no domain words."""
