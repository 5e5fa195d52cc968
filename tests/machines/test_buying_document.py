"""docs/buying-api.md keeps its word: a newcomer's terminal, run from top to bottom."""

import re
import subprocess
from pathlib import Path

from kupec.kit.errors import KupecError, public_errors
from kupec.machines.ucp import messages
from tests.machines.conftest import Shop

_ROOMS = ("kupec.machines.ucp", "kupec.machines.trust")
DOCUMENT = Path(__file__).parents[2] / "docs" / "buying-api.md"


def test_the_commands_buy_something(shop: Shop, tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 7
    script = "set -eu\n" + "\n".join(blocks).replace("http://localhost:8000", shop.stack.web_url)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "'$.buyer.email'" in done.stdout
    assert "\nready_for_complete\n" in done.stdout
    assert "\ncompleted\n" in done.stdout
    assert '"fulfillment":{"expectations":[' in done.stdout.rpartition("'permalink_url'")[2]


def test_every_code_is_told() -> None:
    codes = {error.code for error in public_errors(KupecError) if error.__module__.startswith(_ROOMS)} - {"call_failed"}
    assert {"malformed_request", "item_unavailable"} <= codes
    for code in sorted(codes | set(messages.CODES.values())):
        assert f"`{code}`" in DOCUMENT.read_text(), code
