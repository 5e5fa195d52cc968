"""docs/admin-api.md and its ERP script keep their word, and the API's own document is true."""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from litestar.routes import HTTPRoute
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kupec.app.web import create_app
from kupec.integrations import KINDS, SCOPES
from kupec.kit.errors import KupecError, public_errors
from kupec.kit.settings import Settings
from kupec.web.api.openapi import document
from kupec.web.api.operations import OPERATIONS
from tests.integrations.client import Caller
from tests.integrations.conftest import Shop

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "admin-api.md"
SCRIPT = DOCS / "erp_sync.py"


def sync(shop: Shop, folder: Path, key: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", SCRIPT, "stock.csv", "orders.jsonl", "state.txt"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "KUPEC_URL": shop.stack.web_url, "KUPEC_KEY": key},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.stdout + done.stderr


def test_the_erp_script_syncs_and_syncs_again(shop: Shop, erp: Caller, tmp_path: Path) -> None:
    key = shop.caller("stock.write", "orders.read", "changes.read").token
    first, second = shop.goods(stock=5), shop.goods(stock=5)
    (tmp_path / "state.txt").write_text(erp.get("/changes", cursor="latest")["cursor"])
    (tmp_path / "stock.csv").write_text(
        f"sku,location,on_hand\n{first},praha,9\n{second},praha,5\nnothing,praha,1\n", encoding="utf-8-sig"
    )
    bought = [shop.order((first, 1)), shop.order((second, 2))]
    moves = "select count(*) from event where name = 'stock.moved' and payload ->> 'note' = 'ERP stock.csv'"

    def orders() -> list[str]:
        lines = (tmp_path / "orders.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["id"] for line in lines if json.loads(line)["id"] in bought]

    said = ""
    while not (tmp_path / "orders.jsonl").exists() or len(orders()) < 2:  # until no older transaction runs
        said = sync(shop, tmp_path, key)
        assert "stock: 3 lines\n" in said
        assert "line 4: There is no such variant." in said
    assert orders() == bought
    assert shop.do(lambda db: db.fetchval(moves)) == 1, "what was as it was is no movement"
    before = (tmp_path / "orders.jsonl").read_bytes()
    assert "orders: 0 new" in sync(shop, tmp_path, key)
    assert (tmp_path / "orders.jsonl").read_bytes() == before
    assert shop.do(lambda db: db.fetchval(moves)) == 1
    later = shop.order((first, 1))
    bought.append(later)
    while len(orders()) < 3:
        sync(shop, tmp_path, key)
    assert orders() == bought


def test_the_erp_script_says_what_is_wrong(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "stock.csv").write_text("sku,location,on_hand\nx,praha,1\n")
    assert "PUT /stock: This API key is not known" in sync(shop, tmp_path, "kupec_" + "x" * 43)
    (tmp_path / "state.txt").write_text("AAAA")
    assert "restored from a backup" in sync(shop, tmp_path, shop.caller().token)


# --- the document


def test_every_route_stands_in_the_document_with_its_scope() -> None:
    app = create_app(Settings(database_url="postgresql://nowhere", log_level="error"))
    served = {
        (method.lower(), re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path), handler.opt["scope"])
        for route in app.routes
        if isinstance(route, HTTPRoute) and route.path.startswith("/api/v1/")
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS" and not route.path.endswith("/openapi.json")
    }
    assert served == {(each.method, each.path, each.scope) for each in OPERATIONS}


def test_the_page_tells_of_everything() -> None:
    page = PAGE.read_text()
    for operation in OPERATIONS:
        assert f"{operation.method.upper()} {operation.path.removeprefix('/api/v1')}" in page, operation.id
    for word in (*SCOPES, *(f"{kind}.*" for kind in KINDS)):
        assert f"`{word}`" in page, word
    codes = {
        error.code
        for error in public_errors(KupecError)
        if error.__module__.startswith(("kupec.integrations", "kupec.web.api"))
    }
    for code in sorted(codes - {"forbidden_address"}):
        assert f"`{code}`" in page, code


bounded = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
schema = schemathesis.openapi.from_dict(json.loads(document(Settings())))
schema.config.generation.update(modes=list(schemathesis.GenerationMode))
turns = itertools.count()


class Standing:
    """What requests that are made up are led to, so that they meet something."""

    def __init__(self, shop: Shop) -> None:
        self.caller = shop.caller()
        self.skus = [shop.goods(), shop.goods(stock=None)]
        self.orders = [shop.order((self.skus[0], 1)) for _ in range(3)]
        self.cursor = self.caller.get("/changes", cursor="latest")["cursor"]


@pytest.fixture(scope="package")
def standing(shop: Shop) -> Standing:
    return Standing(shop)


@schema.parametrize()
@bounded
def test_answers_are_as_documented(shop: Shop, standing: Standing, case: schemathesis.Case) -> None:
    turn = next(turns)
    if turn % 3:
        lead_somewhere(case, standing, turn)
    if turn % 7:
        case.headers["Authorization"] = f"Bearer {standing.caller.token}"
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    case.call_and_validate(base_url=shop.stack.web_url, checks=checks)


def lead_somewhere(case: schemathesis.Case, standing: Standing, turn: int) -> None:
    parameters = case.path_parameters or {}
    for name, known in (("order", standing.orders), ("external_id", standing.skus)):
        if name in parameters:
            parameters[name] = known[turn % len(known)]
    if isinstance(case.query, dict) and "cursor" in case.query:
        case.query["cursor"] = standing.cursor if "changes" in case.path else ""
    body = case.body
    if isinstance(body, dict):
        for name in ("lines", "products", "variants"):
            for line in body[name] if isinstance(body.get(name), list) else ():
                if isinstance(line, dict):
                    line.update({"sku": standing.skus[turn % 2]} if name != "products" else {"external_id": "MADE-UP"})
                    if "location" in line:
                        line["location"] = "praha"
