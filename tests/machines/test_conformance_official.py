"""The official conformance suite, run from a directory of its own against a florist's filled from its data.

KUPEC_UCP_CONFORMANCE names the directory of a copy of the suite for version 2026-04-08, KUPEC_UCP_CONFORMANCE_PYTHON a
Python that has what it needs (absl-py, httpx, fastapi, uvicorn and the ucp-sdk of that version). Nothing of it is kept
here.
"""

import csv
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from kupec.sales import AmountOff, Conditions, FreeShipping, PercentOff, Promotion, Selection
from tests.machines.flowers import Delivery, Florist, Flower, coupon_only
from tests.machines.running import running_shop
from tests.stack import free_port

SUITE = os.environ.get("KUPEC_UCP_CONFORMANCE", "")
PYTHON = os.environ.get("KUPEC_UCP_CONFORMANCE_PYTHON", "")
DOCUMENT = Path(__file__).parents[2] / "docs" / "conformance.md"
SECRET = "rehearsal-secret"

VERSION = "2026-04-08"

_OUTCOMES = {"passes": "OK", "skipped": "SKIPPED"}

pytestmark = pytest.mark.skipif(
    not (SUITE and PYTHON), reason="KUPEC_UCP_CONFORMANCE and KUPEC_UCP_CONFORMANCE_PYTHON name no suite"
)


def florist(data: Path) -> Florist:
    """What the suite's CSV files say is sold, how it is delivered, and what is promised."""
    stock = {row["product_id"]: int(row["quantity"]) for row in _rows(data / "inventory.csv")}
    codes = _rows(data / "discounts.csv")
    return Florist(
        flowers=[
            Flower(row["id"], row["title"], int(row["price"]), stock.get(row["id"], 0))
            for row in _rows(data / "products.csv")
        ],
        deliveries=[
            Delivery(row["id"], row["title"], int(row["price"]))
            for row in _rows(data / "shipping_rates.csv")
            if row["country_code"] in ("default", "US")
        ],
        promotions=[_of_code(row) for row in codes] + [_of_rule(row) for row in _rows(data / "promotions.csv")],
        coupons={row["code"]: row["code"] for row in codes},
    )


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as content:
        return list(csv.DictReader(content))


def _of_code(row: dict[str, str]) -> Promotion:
    value = int(row["value"])
    action = PercentOff(percent_bp=value * 100) if row["type"] == "percentage" else AmountOff(amounts={"USD": value})
    return coupon_only(row["code"], row["description"], action)


def _of_rule(row: dict[str, str]) -> Promotion:
    minimum = {"USD": int(row["min_subtotal"])} if row["min_subtotal"] else {}
    goods = Selection(skus=re.findall(r'"([^"]+)"', row["eligible_item_ids"] or ""))
    return Promotion(
        code=row["id"],
        names={"en": row["description"]},
        conditions=Conditions(minimum=minimum, goods=goods),
        action=FreeShipping(methods=["std-ship"]),
    )


@pytest.mark.timeout(900)
def test_each_test_passes_or_fails_as_the_document_says(server: str, template: str, tmp_path: Path) -> None:
    suite = Path(SUITE)
    data = suite / "test_data" / "flower_shop"
    version = json.loads((data / "conformance_input.json").read_text()).get("ucp_version", "an older version")
    if version != VERSION:
        pytest.skip(f"the copy at KUPEC_UCP_CONFORMANCE is for {version}, the shop speaks {VERSION}")
    found: dict[str, str] = {}
    settings = {"KUPEC_UCP_REHEARSAL": SECRET}
    fill = florist(data).fill
    with running_shop("official", fill, server=server, template=template, settings=settings) as stack:
        for file in sorted(suite.glob("*_test.py")):
            done = subprocess.run(
                [
                    PYTHON,
                    file.name,
                    f"--server_url={stack.web_url}",
                    f"--simulation_secret={SECRET}",
                    f"--mock_webhook_port={free_port()}",
                    f"--mock_agent_port={free_port()}",
                ],
                cwd=suite,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            (tmp_path / f"{file.stem}.log").write_text(done.stderr)
            outcomes = re.findall(r"\[\s*(OK|FAILED|SKIPPED)\s*\] (\S+)", done.stderr)
            found |= {name: outcome for outcome, name in outcomes}
    assert found, "the suite ran no test"
    told = dict(re.findall(r"^\| `(\w+\.test_\w+)` \| ([a-z ]+) \|", DOCUMENT.read_text(), re.MULTILINE))
    assert found.keys() == told.keys()
    expected = {name: _OUTCOMES.get(outcome, "FAILED") for name, outcome in told.items()}
    assert found == expected
