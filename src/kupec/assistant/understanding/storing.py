"""How a model becomes bytes: a mark of the format, then what is told and the arrays, packed together."""

import zlib
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from kupec.assistant.understanding.errors import UnreadableModel

_MARK = b"kupec intents 2\n"
_KINDS = ("float16", "float32", "uint16", "int32")

Array = npt.NDArray[Any]
Told = TypeVar("Told")


class _Flat(msgspec.Struct, frozen=True):
    kind: str
    shape: tuple[int, ...]
    data: bytes


class _Packed(msgspec.Struct, frozen=True):
    told: msgspec.Raw
    arrays: dict[str, _Flat]


def pack(told: Any, arrays: Mapping[str, Array]) -> bytes:
    """`told` (anything msgspec can write) and arrays as bytes; the same give the same."""
    flat = {
        name: _Flat(array.dtype.name, array.shape, np.ascontiguousarray(array).tobytes())
        for name, array in sorted(arrays.items())
    }
    packed = _Packed(msgspec.Raw(msgspec.msgpack.encode(told)), flat)
    return _MARK + zlib.compress(msgspec.msgpack.encode(packed), 6)


def unpack(data: bytes, kind: type[Told]) -> tuple[Told, dict[str, Array]]:
    """What `pack` took. Raises UnreadableModel where the bytes are cut, corrupt or of another format."""
    if not data.startswith(_MARK):
        raise UnreadableModel(reason="it is of another format")
    try:
        packed = msgspec.msgpack.decode(zlib.decompress(data[len(_MARK) :]), type=_Packed)
        told = msgspec.msgpack.decode(packed.told, type=kind)
        return told, {name: _array(flat) for name, flat in packed.arrays.items()}
    except (zlib.error, msgspec.DecodeError, ValueError) as error:
        raise UnreadableModel(reason=str(error)) from error


def _array(flat: _Flat) -> Array:
    if flat.kind not in _KINDS:
        raise ValueError(f"arrays of {flat.kind} are not read")
    return np.frombuffer(flat.data, dtype=flat.kind).reshape(flat.shape)
