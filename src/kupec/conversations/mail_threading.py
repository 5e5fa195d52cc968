"""The token by which an answer finds its conversation: in References, in a plus-address, and read by nobody but us.

It is one word of lower-case letters and digits, so that it survives mail programs that change case and servers that
rewrite Message-ID: the leg, a signature over it, and a second signature over the leg and the address it was sent to.
The first says which conversation is answered; the second that whoever answers has read a mail sent to that address.
"""

import base64
import re
from collections.abc import Iterable
from uuid import UUID

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.signing import sign

_LEG, _SIGNATURE, _ADDRESS = 26, 16, 8  # characters of base32
LENGTH = _LEG + _SIGNATURE + _ADDRESS
_TOKEN = re.compile(rf"(?<![a-z2-7])k([a-z2-7]{{{LENGTH}}})(?![a-z2-7])")
_LONGEST_LOCAL_PART = 64  # RFC 5321


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says: the leg that is answered, and whether it was sent to the address that now writes."""

    leg_id: UUID
    read_by_writer: bool


def thread_token(secret: str, leg_id: UUID, address: str) -> str:
    """The word that stands for this leg in mails to `address`."""
    return f"k{_word(leg_id.bytes)}{_signature(secret, leg_id)}{_seen(secret, leg_id, address)}"


def read_token(secret: str, text: str, address: str) -> Thread | None:
    """What the first token of ours in `text` says of a mail from `address`; None without one, or with a forged one."""
    for found in _TOKEN.finditer(text.lower()):
        word = found[1]
        leg_id = UUID(bytes=base64.b32decode(word[:_LEG].upper() + "======"))
        if word[_LEG : _LEG + _SIGNATURE] == _signature(secret, leg_id):
            return Thread(leg_id=leg_id, read_by_writer=word[-_ADDRESS:] == _seen(secret, leg_id, address))
    return None


def find_thread(secret: str, texts: Iterable[str], address: str) -> Thread | None:
    """The latest token among `texts`, which are given from the last to the first."""
    for text in texts:
        if (found := read_token(secret, text, address)) is not None:
            return found
    return None


def plus_address(address: str, token: str) -> str:
    """`address` with the token behind a plus sign. Raises InvalidValue where that would be longer than mail allows."""
    local, _at, domain = address.rpartition("@")
    if len(local) + 1 + len(token) > _LONGEST_LOCAL_PART:
        raise InvalidValue(field="plus_address", expected=_("a shorter address: the token does not fit behind it"))
    return f"{local}+{token}@{domain}"


def _signature(secret: str, leg_id: UUID) -> str:
    return _mac(sign(secret, "mail-thread", leg_id.hex), _SIGNATURE)


def _seen(secret: str, leg_id: UUID, address: str) -> str:
    return _mac(sign(secret, "mail-thread-address", f"{leg_id.hex}:{address.lower()}"), _ADDRESS)


def _mac(signed: str, length: int) -> str:
    """The signature's first bits in letters that case does not matter to."""
    mac = signed.rpartition(".")[2]
    return _word(base64.urlsafe_b64decode(mac + "=="))[:length]


def _word(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
