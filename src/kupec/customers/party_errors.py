"""What may keep a customer's record from being changed."""

from kupec.kit.errors import KupecError


class AddressInUse(KupecError):
    """This address or number belongs to another customer. If both are the same person, merge them on proof."""

    status = 409
    code = "address_in_use"


class AlreadyMerged(KupecError):
    """One of the two belongs to another customer by now. Load the page again."""

    status = 409
    code = "already_merged"


class DifferentKinds(KupecError):
    """A person and an organisation cannot be merged. Give the person a role in the organisation instead."""

    status = 409
    code = "different_kinds"


class NotProved(KupecError):
    """Nothing proves yet that these two are the same. Nothing was merged."""

    status = 409
    code = "not_proved"


class UndoLaterFirst(KupecError):
    """This merge filled fields, and another merge of the same customer came after it. Undo the later one first."""

    status = 409
    code = "undo_later_first"


class UnfitFile(KupecError):
    """This file cannot be kept: {reason}."""

    status = 422
    code = "unfit_file"


class NotYours(KupecError):
    """Only who wrote this may change it."""

    status = 403
    code = "not_yours"
