"""The bot: understanding, flows, tools, turns."""
