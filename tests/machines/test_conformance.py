"""The public conformance suite for 2026-04-08, run against a florist's as real processes."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.machines.flowers import OWN
from tests.machines.running import running_shop
from tests.machines.suites import merchant, odd_profiles

SUITE = Path(sys.executable).with_name("spck-conformance")
DOCUMENT = Path(__file__).parents[2] / "docs" / "conformance.md"


def test_there_is_no_deviation_and_the_document_says_what_is_covered(
    server: str, template: str, tmp_path: Path
) -> None:
    settings = {"KUPEC_UCP_REHEARSAL": "rehearsal-secret"}
    with (
        odd_profiles() as profiles,
        running_shop("conformance", OWN.fill, server=server, template=template, settings=settings) as stack,
    ):
        config = tmp_path / "merchant.json"
        config.write_text(json.dumps(merchant(stack, profiles)))
        done = subprocess.run(
            [SUITE, "--server", stack.web_url, "--config", config, "--json"],
            capture_output=True,
            text=True,
            timeout=420,
            check=False,
        )
    report: dict[str, Any] = json.loads(done.stdout)
    checks = {check["id"]: check for check in report["checks"]}
    deviating = {name: check for name, check in checks.items() if check["status"] == "deviation"}
    assert deviating == {}
    assert done.returncode == 0, done.stderr
    text = DOCUMENT.read_text()
    verdict = report["verdict"]
    assert f"{verdict['musts_passed']} of the {verdict['applicable_musts']}" in text, verdict
    assert f"{sum(check['status'] == 'clean-pass' for check in checks.values())} checks" in text
    untested = {name for name, check in checks.items() if check["status"].startswith("not-tested")}
    assert untested == set(re.findall(r"^\| `([a-z_.0-9]+)` \|", text, re.MULTILINE))
