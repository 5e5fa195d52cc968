"""What stands in the way of using personal data."""

from kupec.kit.errors import KupecError


class ConsentMissing(KupecError):
    """The customer has not agreed to this use of their data ({purpose}). Nothing was sent or used."""

    status = 409
    code = "consent_missing"


class LinkExpired(KupecError):
    """This link has expired. Nothing was changed; ask for a new one."""

    status = 410
    code = "link_expired"
