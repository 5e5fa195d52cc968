"""Log lines: for people or machines, with the request they belong to, and without secrets."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from kupec.kit import logs


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def lines(output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_line_for_machines() -> None:
    output = io.StringIO()
    logs.configure("json", "info", stream=output)
    token = logs.request_id.set("r-1")
    structlog.get_logger("kupec").info("order.placed", number="Z1")
    logs.request_id.reset(token)
    structlog.get_logger("kupec").debug("not shown")
    (line,) = lines(output)
    assert line["event"] == "order.placed"
    assert (line["number"], line["level"], line["request_id"]) == ("Z1", "info", "r-1")
    assert line["timestamp"].endswith("Z")


def test_libraries_log_the_same_way() -> None:
    output = io.StringIO()
    logs.configure("json", "info", stream=output)
    logging.getLogger("granian").warning("%s is late", "somebody")
    (line,) = lines(output)
    assert (line["event"], line["level"]) == ("somebody is late", "warning")


def test_a_line_for_people() -> None:
    output = io.StringIO()
    logs.configure("console", "info", stream=output)
    structlog.get_logger("kupec").info("order.placed", number="Z1")
    assert "order.placed" in output.getvalue()
    assert "number=Z1" in output.getvalue()


@pytest.mark.parametrize(
    "name",
    ["password", "Password", "new_password", "token", "access_token", "Authorization", "card_token", "secret",
     "webhook_secret", "Set-Cookie", "api-key", "database_url", "smtp_url", "dsn"],
)  # fmt: skip
def test_secrets_are_blanked_at_any_depth(name: str) -> None:
    output = io.StringIO()
    logs.configure("json", "info", stream=output)
    log = structlog.get_logger("kupec")
    log.info("plain", **{name: "hunter2"})
    log.info("nested", headers=[{"deep": {name: "hunter2", "kept": "x"}}])
    assert "hunter2" not in output.getvalue()
    plain, nested = lines(output)
    assert plain[name] == logs.REDACTED
    assert nested["headers"][0]["deep"]["kept"] == "x"


def test_what_only_sounds_alike_is_kept() -> None:
    assert not any(logs.is_secret(name) for name in ("key_figure", "order", "monkey", "idempotency", "name", "route"))


def test_an_error_carries_its_traceback_but_no_local_variables() -> None:
    output = io.StringIO()
    logs.configure("json", "info", stream=output)

    def fail(password: str) -> None:
        raise RuntimeError("broken")

    try:
        fail("hunter2")
    except RuntimeError:
        structlog.get_logger("kupec").exception("failed")
    (line,) = lines(output)
    assert "broken" in json.dumps(line["exception"])
    assert "hunter2" not in output.getvalue()
