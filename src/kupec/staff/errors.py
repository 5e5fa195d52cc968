"""What can go wrong with accounts and sign-ins. Docstrings are the messages."""

from kupec.kit.errors import KupecError


class WrongCredentials(KupecError):
    """The e-mail or the password is not right."""

    status = 401
    code = "wrong_credentials"


class NotAnEmail(KupecError):
    """This is not an e-mail address."""

    status = 422
    code = "not_an_email"


class EmailTaken(KupecError):
    """Somebody on the desk already has this e-mail."""

    status = 409
    code = "email_taken"


class SecondStepOver(KupecError):
    """That took too long, or was begun anew elsewhere. Sign in again."""

    status = 401
    code = "second_step_over"


class WrongCode(KupecError):
    """This code is not right."""

    status = 401
    code = "wrong_code"


class CodeUsed(KupecError):
    """This code was used already. Wait for the next one."""

    status = 401
    code = "code_used"


class AlreadyEnrolled(KupecError):
    """An authenticator app is set up already. Remove it first."""

    status = 409
    code = "already_enrolled"


class SecondFactorRequired(KupecError):
    """A second step is required of everybody here. Set up another one before you remove the last."""

    status = 409
    code = "second_factor_required"


class EnrolFirst(KupecError):
    """A second step is required of everybody here. Set yours up first."""

    status = 403
    code = "enrol_first"


class ConfirmFirst(KupecError):
    """Confirm first that it is you."""

    status = 403
    code = "confirm_first"


class LastOwner(KupecError):
    """The last owner cannot be removed. Make somebody else an owner first."""

    status = 409
    code = "last_owner"


class InvitationOver(KupecError):
    """This link was used already or is too old. Ask an owner for a new one."""

    status = 404
    code = "invitation_over"


class ViewNameTaken(KupecError):
    """You have a view of this name already."""

    status = 409
    code = "view_name_taken"
