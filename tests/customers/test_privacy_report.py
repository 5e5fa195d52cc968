"""The readable half of an export: words instead of codes, the customer first, and nothing that only machines read."""

from datetime import UTC, datetime
from typing import Any

from kupec.customers.privacy_report import in_words

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def report(told: dict[str, dict[str, list[dict[str, Any]]]]) -> dict[str, Any]:
    return in_words(
        told, name="Petra Malá", purposes={"marketing.email": "Novinky e-mailem"}, shop="Zrnko", language="cs", now=NOW
    )


def test_a_mail_is_told_as_it_was_read_and_the_customer_comes_first() -> None:
    mail = {
        "kind": "sign_in_code",
        "subject_ref": "sign_in:01a2",
        "title": "Přihlašovací kód",
        "html": "<!doctype html>",
        "state": "sent",
        "attempts": 1,
        "sent_at": "2026-11-22T07:31:51.000000+00:00",
    }
    party = {"kind": "person", "name": "Petra Malá", "language": "cs"}
    first, second = report({"outreach": {"mail": [mail]}, "customers": {"party": [party]}})["sections"]
    assert first["title"] == "Zákazník"
    assert ("Jazyk", "čeština") in first["rows"][0]
    names = [name for name, _text in second["rows"][0]]
    assert "html" not in names
    assert "subject ref" not in names
    assert ("Stav", "odesláno") in second["rows"][0]


def test_codes_of_purposes_and_people_are_said_in_words() -> None:
    consent = {"purpose": "marketing.email", "given": False, "how": "desk", "actor": "customer:01a2"}
    (section,) = report({"customers": {"consent": [consent]}})["sections"]
    assert dict(section["rows"][0]) == {
        "Účel": "Novinky e-mailem",
        "Souhlas": "ne",
        "Jak": "u pultu",
        "Kdo": "zákazník",
    }


def test_the_log_is_counted_and_what_has_no_name_for_people_is_in_the_json_only() -> None:
    events = [{"name": "customer.created", "subject": "customer:01a2", "occurred_at": "2026-11-22T07:31:51+00:00"}] * 5
    (section,) = report({"log": {"event": events}, "customers": {"party_alias": [{"kind": "visitor"}]}})["sections"]
    assert section["rows"] == []
    assert section["more"] == "5 záznamů v souboru data.json"
