"""What can go wrong with machines, their keys and mandates. The docstring is the message."""

from kupec.kit.errors import KupecError


class UnknownMachineKey(KupecError):
    """This key opens nothing: it is unknown, has expired, or was revoked. Its owner can make a new one."""

    status = 401
    code = "unknown_machine_key"


class KeyLacksScope(KupecError):
    """This key does not allow this: it lacks “{scope}”. Its owner can make one that has it."""

    status = 403
    code = "key_lacks_scope"


class MachineRevoked(KupecError):
    """This machine was taken out of use for good. Register it again to use it."""

    status = 409
    code = "machine_revoked"


class MandateRevoked(KupecError):
    """This mandate was revoked. Grant a new one instead."""

    status = 409
    code = "mandate_revoked"


class PurchaseDecided(KupecError):
    """This purchase does not wait for an answer any more."""

    status = 409
    code = "purchase_decided"


class MandateRefuses(KupecError):
    """The mandate does not cover this any more ({code}). Change the mandate first, then approve."""

    status = 409
    code = "mandate_refuses"


class TooManyRefusals(KupecError):
    """Too many purchases of this machine were refused in the last hour. Nothing was bought. Try again later."""

    status = 429
    code = "too_many_refusals"
