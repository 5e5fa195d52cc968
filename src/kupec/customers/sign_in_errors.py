"""What can go wrong at the customers' door. Docstrings are the messages."""

from kupec.kit.errors import KupecError


class WrongCode(KupecError):
    """This code is not right."""

    status = 401
    code = "wrong_code"


class CodeOver(KupecError):
    """This code is too old, was used, or was tried too often. Ask for a new one."""

    status = 401
    code = "code_over"


class WrongCredentials(KupecError):
    """The e-mail or the password is not right."""

    status = 401
    code = "wrong_credentials"


class AddressTaken(KupecError):
    """This address belongs to another account. Write to us, and we will join the two."""

    status = 409
    code = "address_taken"
