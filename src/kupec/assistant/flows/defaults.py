"""The patterns Kupec comes with: version 0 of each, which holds until the merchant publishes another."""

from functools import cache
from pathlib import Path
from typing import Final

from kupec.assistant.flows.document import read_flow
from kupec.assistant.flows.flow import PATTERNS, Program

_FOLDER: Final = Path(__file__).resolve().parent / "patterns"


def default_source(code: str) -> str | None:
    """The text of a pattern as it is shipped."""
    return (_FOLDER / f"{code}.yaml").read_text() if code in PATTERNS else None


@cache
def default_patterns() -> tuple[Program, ...]:
    programs = []
    for code in PATTERNS:
        found = read_flow(default_source(code) or "")
        if found.flow is None:
            raise ValueError(f"{code}: {found.problems}")
        programs.append(Program(found.flow, 0))
    return tuple(programs)
