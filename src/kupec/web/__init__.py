"""Pages for people: the storefront and the desk, rendered on the server, live by server-sent events."""
