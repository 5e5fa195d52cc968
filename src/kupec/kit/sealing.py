"""Secrets at rest: sealed with a key that comes of the shop's secret, readable only by who has that."""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kupec.kit.errors import KupecError

_NONCE = 12  # bytes


class SealBroken(KupecError):
    """This secret was sealed under another KUPEC_SECRET and cannot be read."""

    code = "seal_broken"


def seal(secret: str, purpose: str, plain: bytes) -> bytes:
    """`plain` under AES-256-GCM, bound to `purpose`."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_key(secret)).encrypt(nonce, plain, purpose.encode())


def unseal(secret: str, purpose: str, sealed: bytes) -> bytes:
    """What was sealed. Raises SealBroken when the secret or the purpose is another one, or the bytes were changed."""
    try:
        return AESGCM(_key(secret)).decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode())
    except (InvalidTag, ValueError):
        raise SealBroken from None


def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"kupec sealing key", hashlib.sha256)
