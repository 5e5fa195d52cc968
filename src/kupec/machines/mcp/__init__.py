"""Agents by MCP: the shop's tools at /mcp, opened by a machine's key or by its owner's yes (OAuth 2.1)."""

from kupec.machines.mcp.asking import go_back, open_ask
from kupec.machines.mcp.callers import issuer_of
from kupec.machines.mcp.clients import forget_clients, get_client, host_of, origin_of
from kupec.machines.mcp.door import Door
from kupec.machines.mcp.errors import AskExpired, InvalidClient, OAuthError
from kupec.machines.mcp.events import AgentConnected, AgentDisconnected
from kupec.machines.mcp.granting import connect_agent, end_grant, grants_of
from kupec.machines.mcp.models import Ask, Client, Grant
from kupec.machines.mcp.privacy import privacy_part
from kupec.machines.mcp.routes import routes

__all__ = [
    "AgentConnected",
    "AgentDisconnected",
    "Ask",
    "AskExpired",
    "Client",
    "Door",
    "Grant",
    "InvalidClient",
    "OAuthError",
    "connect_agent",
    "end_grant",
    "forget_clients",
    "get_client",
    "go_back",
    "grants_of",
    "host_of",
    "issuer_of",
    "open_ask",
    "origin_of",
    "privacy_part",
    "routes",
]
