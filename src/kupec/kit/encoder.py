"""Sentences as rows of numbers that lie near each other where they mean the same: an optional extra, never needed.

The encoder comes from a directory that the merchant names (docs/encoder.md). What runs it is imported only then.
"""

import importlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from kupec.kit.errors import KupecError

Rows = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Whatever turns texts into rows of length one. Two encoders of one name give the same rows."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Rows: ...


class EncoderNotInstalled(KupecError):
    """A sentence encoder needs the package “{package}”. Install Kupec with its extra: kupec[encoder]."""

    code = "encoder_not_installed"


class EncoderFileMissing(KupecError):
    """No {wanted} was found in the encoder's directory {directory}. Expected: {expected}."""

    code = "encoder_file_missing"


class UnusableEncoder(KupecError):
    """{path} cannot be used as part of a sentence encoder: {reason}."""

    code = "unusable_encoder"


def open_encoder(directory: Path | str) -> Encoder:
    """The encoder that lies in `directory`, on one thread of the processor.

    Raises EncoderNotInstalled, EncoderFileMissing and UnusableEncoder.
    """
    try:
        run_time = importlib.import_module("kupec.kit.encoder_onnx")
    except ModuleNotFoundError as error:
        raise EncoderNotInstalled(package=error.name) from error
    return cast(Encoder, run_time.OnnxEncoder(Path(directory)))


class _Shelf:
    """The encoder of this process, opened when it is first asked for."""

    def __init__(self) -> None:
        self.directory = ""
        self.opened: Encoder | None = None


_shelf = _Shelf()
_opening = threading.Lock()


def use_encoder(directory: str) -> None:
    """Name the directory of this process's encoder, as the setting KUPEC_ENCODER does; empty: none."""
    with _opening:
        _shelf.directory, _shelf.opened = directory, None


def encoder_directory() -> str:
    """What `use_encoder` was told, for a process that is started from this one."""
    return _shelf.directory


def encoder_at_hand() -> Encoder | None:
    """The encoder of this process, one for all who ask; None where none is named. Raises what `open_encoder` does."""
    with _opening:
        if _shelf.directory and _shelf.opened is None:
            _shelf.opened = open_encoder(_shelf.directory)
        return _shelf.opened
