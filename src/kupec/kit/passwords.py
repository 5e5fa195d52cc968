"""Passwords are kept as Argon2id hashes. Hashing takes tens of milliseconds, so a thread does it."""

import unicodedata

import anyio
from anyio import to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kupec.kit.errors import KupecError

MINIMUM_LENGTH = 10

_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
# Each hash takes 64 MB: a crowd at the door must not eat the machine.
_limiter = anyio.CapacityLimiter(2)
# The hash of nothing anybody knows, with the parameters above.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$/FwQ489GlINY1KcDOdNrXQ$pDe9fPF6ZN4N6yLWyiF38j1Iz2g1m5/9ZWlDro8gefc"


class PasswordTooShort(KupecError):
    """The password needs at least {minimum} characters."""

    status = 422
    code = "password_too_short"


class PasswordIsEmail(KupecError):
    """The password must not be the e-mail address."""

    status = 422
    code = "password_is_email"


def check_rules(password: str, email: str) -> None:
    """Raises PasswordTooShort or PasswordIsEmail."""
    password = _normal(password)
    if len(password) < MINIMUM_LENGTH:
        raise PasswordTooShort(field="password", minimum=MINIMUM_LENGTH)
    if password.casefold() == email.strip().casefold():
        raise PasswordIsEmail(field="password")


async def hash_password(password: str) -> str:
    return await to_thread.run_sync(_hasher.hash, _normal(password), limiter=_limiter)


async def matches(password_hash: str | None, password: str) -> bool:
    """Whether `password` made `password_hash`. None (there is no such person) takes just as long to deny."""
    return await to_thread.run_sync(_verify, password_hash, _normal(password), limiter=_limiter)


def _normal(password: str) -> str:
    """Keyboards disagree on how to compose "ě", and forms on spaces at the ends."""
    return unicodedata.normalize("NFKC", password).strip()


def _verify(password_hash: str | None, password: str) -> bool:
    try:
        _hasher.verify(password_hash or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
