"""What can go wrong with accounts and sign-ins. Docstrings are the messages."""

from kupec.kit.errors import KupecError


class WrongCredentials(KupecError):
    """The e-mail or the password is not right."""

    status = 401
    code = "wrong_credentials"


class SignInBlocked(KupecError):
    """Too many failed sign-ins. Try again in {minutes} min."""

    status = 429
    code = "sign_in_blocked"


class PasswordTooShort(KupecError):
    """The password needs at least {minimum} characters."""

    status = 422
    code = "password_too_short"


class PasswordIsEmail(KupecError):
    """The password must not be the e-mail address."""

    status = 422
    code = "password_is_email"


class NotAnEmail(KupecError):
    """This is not an e-mail address."""

    status = 422
    code = "not_an_email"


class EmailTaken(KupecError):
    """Somebody on the desk already has this e-mail."""

    status = 409
    code = "email_taken"
