"""Where what is compiled at the start (messages, templates) is kept for the next: beside Python's own compiled code."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

_PACKAGE = Path(__file__).resolve().parent.parent


def compiled_dir() -> Path | None:
    """The directory; None where Python writes none either (read-only installations, PYTHONDONTWRITEBYTECODE)."""
    directory = _PACKAGE / "__pycache__"
    if sys.dont_write_bytecode:
        return None
    with suppress(OSError):
        directory.mkdir(exist_ok=True)
    return directory if os.access(directory, os.W_OK) else None


def keep(path: Path, content: bytes, *, instead_of: str) -> None:
    """Write a file whole or not at all, in place of those of its directory that match `instead_of`."""
    with suppress(OSError):  # compiled anew the next time
        for older in path.parent.glob(instead_of):
            older.unlink(missing_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}", delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
