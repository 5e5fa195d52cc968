"""The page about the customer API: its examples run as they stand, and it names every operation."""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kupec.kit.db import Database
from kupec.web.my_api.operations import OPERATIONS
from tests.machines.running import running_shop
from tests.shop import make_shop
from tests.stack import Stack, eventually

PAGE = Path(__file__).parents[2] / "docs" / "portal-api.md"


@pytest.fixture(scope="module")
def demo(server: str, template: str) -> Iterator[Stack]:
    async def fill(database: Database) -> None:
        async with database.transaction() as db:
            await make_shop(db)

    with running_shop("portal", fill, server=server, template=template, settings={"KUPEC_DEMO": "true"}) as stack:
        yield stack


def test_the_page_names_every_operation() -> None:
    page = PAGE.read_text()
    for operation in OPERATIONS:
        assert f"{operation.method.upper()} {operation.path} |" in page, operation.id


def test_the_examples_run(demo: Stack, tmp_path: Path) -> None:
    kept, said = tmp_path / "kept", ""
    kept.touch()
    environment = {"PATH": os.environ["PATH"], "URL": demo.web_url, "EMAIL": "jana@example.com"}
    for example in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.S):
        if "$CODE" in example:
            environment["CODE"] = asyncio.run(_code(demo))
        script = (
            f"set -eo pipefail; . {kept}\n{example}\ndeclare -p URL EMAIL STEP TOKEN ORDER 2>/dev/null > {kept} || true"
        )
        done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{example}\n{done.stdout}\n{done.stderr}"
        said += done.stdout
        environment.pop("URL", None)
    assert '"My phone"' in said
    assert '"ok":true' in said


async def _code(demo: Stack) -> str:
    """What the mail in the demo's outbox says."""

    async def come() -> bool:
        return bool(await demo.fetchval("select count(*) from mail where kind = 'sign_in_code'"))

    await eventually(come)
    text = await demo.fetchval("select text from mail where kind = 'sign_in_code' order by id desc limit 1")
    found = re.search(r"\b(\d{6})\b", text)
    assert found, text
    return found[1]
