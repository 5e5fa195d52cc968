"""docs/acp.md keeps its word: a newcomer's terminal, run from top to bottom; every code is told."""

import re
import subprocess
from pathlib import Path

from kupec.kit.errors import KupecError, public_errors
from kupec.machines.acp import add_platform, render
from tests.machines.conftest import Shop
from tests.shop import NOON, SETUP

DOCUMENT = Path(__file__).parents[2] / "docs" / "acp.md"


def test_the_commands_buy_something(shop: Shop, tmp_path: Path) -> None:
    made = shop.do(lambda db: add_platform(db, "my-agent", "My agent", actor=SETUP, now=NOON))
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 6
    script = "set -eu\n" + "\n".join(blocks).replace("http://localhost:8000", shop.stack.web_url)
    script = script.replace("$(kupec acp-platform my-agent)", made.token)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "\nnot_ready_for_payment\n" in done.stdout
    assert "\nready_for_payment\n" in done.stdout
    assert re.search(r"\ncompleted\nZ\d+", done.stdout)


def test_every_code_is_told() -> None:
    codes = {error.code for error in public_errors(KupecError) if error.__module__ == "kupec.machines.acp.errors"}
    assert {"idempotency_conflict", "invalid_item"} <= codes
    for code in sorted((codes - {"platform_taken"}) | {"missing", "invalid", "out_of_stock", *render._CODES.values()}):
        if code not in ("not_found", "approval_required"):
            assert f"`{code}`" in DOCUMENT.read_text(), code
