"""The page about the customer API: its examples run as they stand, and it names every operation."""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.routes import HTTPRoute

from kupec.kit.db import Database
from kupec.web.my_api.operations import OPERATIONS
from kupec.web.portal.routes import routes as portal_routes
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


_BY_APP = {
    "addresses": {"add_address", "change_address"},
    "addresses/{}/remove": {"remove_address"},
    "approvals/{}": {"approve", "decline"},
    "tasks/{}": {"answer_task"},
    "complaint": {"complain"},
    "details": {"change_details"},
    "details/phone": {"add_phone"},
    "details/email": {"ask_email"},
    "details/email/prove": {"prove_email"},
    "details/points/{}": {"choose_point", "remove_point"},
    "devices": {"register_device"},
    "devices/{}": {"change_device", "new_device_key", "remove_device"},
    "machines": {"register_machine"},
    "machines/{}/state": {"pause_machine", "resume_machine", "remove_machine"},
    "machines/{}/mandates": {"grant_mandate", "change_mandate"},
    "machines/{}/mandates/{}/revoke": {"revoke_mandate"},
    "machines/{}/keys": {"new_machine_key", "replace_machine_key"},
    "machines/{}/keys/{}/revoke": {"revoke_machine_key"},
    "machines/asked/{}": {"approve_purchase", "deny_purchase"},
    "machines/suppliers": {"add_supplier"},
    "machines/suppliers/weights": {"weigh_suppliers"},
    "machines/suppliers/{}/state": {"pause_supplier", "resume_supplier", "remove_supplier"},
    "cards/{}/remove": {"remove_card"},
    "orders/{}/again": {"order_again"},
    "orders/{}/repeat": {"repeat_order"},
    "cart/repeat": {"fill_cart", "begin_standing"},
    "things": {"add_thing"},
    "things/{}": {"book_service", "cancel_service", "remove_thing"},
    "people": {"invite"},
    "people/{}/remove": {"remove_role"},
    "people/invitations/{}/withdraw": {"withdraw_invitation"},
    "invitations/{}": {"answer_invitation"},
    "privacy": {"consent"},
    "privacy/export": {"export", "export_file"},
    "privacy/erase": {"erase"},
    "security/passkeys/options": {"passkey_to_make"},
    "security/passkeys": {"keep_passkey"},
    "security/passkeys/{}/remove": {"remove_passkey"},
    "security/password": {"set_password"},
    "security/sessions/end": {"end_other_sessions"},
    "security/sessions/{}/end": {"end_session"},
    "sign-out": {"sign_out"},
    "standing/{}/skip": {"skip", "unskip"},
    "standing/{}/move": {"move"},
    "standing/{}/pause": {"pause", "resume", "end_standing"},
    "standing/{}/lines": {"change_lines"},
    "standing/{}/rhythm": {"change_rhythm"},
    "standing/{}/terms": {"change_terms"},
}
# `connect` answers an application in the browser that it came from; `account` is the header Kupec-Account.
_IN_A_BROWSER = {"connect", "account"}


def test_whatever_the_pages_of_an_account_do_an_app_can_do() -> None:
    pages = {
        re.sub(r"\{[^}]+\}", "{}", path.partition("/my/")[2])
        for router in portal_routes
        for route in router.routes
        if isinstance(route, HTTPRoute) and "POST" in route.methods and "/my/" in (path := route.path)
    }
    done = {path for path in pages if not path.startswith("sign-in")}
    assert done == _BY_APP.keys() | _IN_A_BROWSER
    assert {name for names in _BY_APP.values() for name in names} <= {operation.id for operation in OPERATIONS}
