"""The customer's account for apps: the same verbs as the pages below /my, as JSON, by bearer tokens."""
