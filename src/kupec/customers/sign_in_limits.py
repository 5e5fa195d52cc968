"""How often one may ask and guess at the customers' door."""

from datetime import timedelta
from uuid import UUID

from kupec.kit.attempts import count_attempts, forgive_attempts

__all__ = ["ATTEMPTS", "count_attempts", "forgive_attempts"]

ATTEMPTS = "customer_attempt"
DAY = timedelta(days=1)
CODES_PER_EMAIL = 5  # in a quarter of an hour
CODES_PER_DAY = 20  # an address: a hundred guesses at a million codes
CODES_PER_ADDRESS = 30
TRIES_PER_CODE = 5
GUESSES_PER_EMAIL = 5
GUESSES_PER_ADDRESS = 40


def asking(email: str, address: str) -> dict[str, int]:
    return {f"ask:{email}": CODES_PER_EMAIL, f"ask-from:{address}": CODES_PER_ADDRESS}


def asking_daily(email: str) -> dict[str, int]:
    return {f"ask-daily:{email}": CODES_PER_DAY}


def guessing(email: str, address: str) -> dict[str, int]:
    return {f"email:{email}": GUESSES_PER_EMAIL, f"address:{address}": GUESSES_PER_ADDRESS}


def trying(address: str) -> dict[str, int]:
    """Codes and passkeys: what guards them is not an e-mail address."""
    return {f"address:{address}": GUESSES_PER_ADDRESS}


def confirming(party_id: UUID, address: str) -> dict[str, int]:
    return {f"party:{party_id}": GUESSES_PER_EMAIL, f"address:{address}": GUESSES_PER_ADDRESS}
