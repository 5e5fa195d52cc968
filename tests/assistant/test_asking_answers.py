"""What another system answers is taken as declared, or not at all."""

import pytest

from kupec.assistant.flows.asking_systems import _outputs
from kupec.assistant.flows.run import HttpEffect

EFFECT = HttpEffect(
    method="GET",
    url="https://erp.example/",
    query={},
    body=None,
    outputs={"note": {"at": "note", "type": "text"}, "rest": {"at": "rest", "type": "list", "optional": True}},
    timeout=1,
    key="k",
)


@pytest.mark.parametrize(
    "content",
    [
        rb'{"note": "\u0000"}',
        rb'{"note": "\ud800"}',
        rb'{"note": "fine", "rest": ["\u0000"]}',
        rb'{"note": NaN}',
        b'{"note": 1e999}',
        b"[" * 100_000,
        b"",
        None,
        b"\xff",
        b"null",
    ],
)
def test_what_cannot_be_kept_is_no_answer(content: bytes | None) -> None:
    result, error = _outputs(EFFECT, content)
    assert result is None
    assert error is not None
    assert error.code == "unexpected_answer"


def test_the_declared_parts_are_taken() -> None:
    result, error = _outputs(EFFECT, '{"note": "dobře", "more": 1}'.encode())
    assert (result, error) == ({"note": "dobře", "rest": None}, None)
