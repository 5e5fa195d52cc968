"""The market of machines: requests, sealed quotes, awards: the door."""
