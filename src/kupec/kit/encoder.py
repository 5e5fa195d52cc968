"""Sentences as rows of numbers that lie near each other where they mean the same: an optional extra, never needed.

The encoder comes from a directory that the merchant names (docs/encoder.md). What runs it is imported only then.
"""

import importlib
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
