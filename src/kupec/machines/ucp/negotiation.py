"""What a platform and this shop have in common: the version of the protocol, and the capabilities."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kupec.machines.ucp.agent import AnyRequest, Platform, told_profile, told_version
from kupec.machines.ucp.door import Door
from kupec.machines.ucp.errors import CapabilitiesIncompatible, InvalidProfile, VersionUnsupported
from kupec.machines.ucp.profile import CAPABILITIES, EXTENDS, VERSION

# What the platform of the official suite names; it uses everything else, too.
_SUITES: Final = frozenset({"dev.ucp.shopping.order"})


async def caller(request: AnyRequest, capability: str) -> Platform:
    """Who asks for something that this capability is about.

    Raises InvalidProfile, VersionUnsupported, CapabilitiesIncompatible; where profiles are required also
    ProfileForbidden, ProfileUnreachable and ProfileMalformed.
    """
    door: Door = request.app.state.site
    url = told_profile(request)
    if door.profiles is not None and not door.profiles.may_be(url):
        raise InvalidProfile(field="UCP-Agent")
    _check_version(told_version(request))
    profile = await door.profiles.find(url) if door.profiles is not None else None
    if profile is None:
        return Platform(url)
    _check_version(profile.version)
    both = common(_ucp(profile.document))
    platform = Platform(url, CAPABILITIES if door.settings.ucp_rehearsal and both == _SUITES else both)
    if not platform.speaks(capability):
        raise CapabilitiesIncompatible
    return platform


def _check_version(version: str | None) -> None:
    if version is not None and version != VERSION:
        raise VersionUnsupported(field="UCP-Agent", version=version, spoken=VERSION)


def _ucp(document: Mapping[str, Any]) -> Mapping[str, Any]:
    told = document.get("ucp")
    return told if isinstance(told, Mapping) else {}


def common(ucp: Mapping[str, Any]) -> frozenset[str]:
    """The capabilities that both have in our version, without extensions of what is not among them."""
    told = ucp.get("capabilities")
    if not isinstance(told, Mapping):
        return CAPABILITIES
    both = {name for name in CAPABILITIES & told.keys() if _in_our_version(told[name])}
    return frozenset(name for name in both if name not in EXTENDS or both.intersection(EXTENDS[name]))


def _in_our_version(entries: object) -> bool:
    listed: Iterable[object] = entries if isinstance(entries, list) else []
    return any(isinstance(entry, Mapping) and entry.get("version") == VERSION for entry in listed)
