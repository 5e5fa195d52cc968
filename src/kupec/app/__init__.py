"""The composition root: settings, routes, subscribers and jobs wired in one place."""
