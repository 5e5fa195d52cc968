"""Where a request comes from, as people recognise it, and whom passkeys are made for."""

import re
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection

from kupec.kit.passkeys import Relying
from kupec.kit.settings import Settings

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)

AnyConnection = ASGIConnection[Any, Any, Any, Any]


def whence(connection: AnyConnection) -> tuple[str, str]:
    """The address and, roughly, the device somebody comes from."""
    agent = connection.headers.get("user-agent", "")
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    named = ", ".join(part for part in (browser, system) if part)
    plain = re.sub(r"[^\x20-\x7e]", " ", agent)[:40].strip()
    return (connection.client.host if connection.client else ""), named or plain


def relying(settings: Settings) -> Relying:
    """Passkeys are bound to the host of the shop's address."""
    parts = urlsplit(settings.base_url)
    return Relying(id=parts.hostname or "localhost", name=settings.shop_name, origin=f"{parts.scheme}://{parts.netloc}")
