"""Settings: each documented, each checked, none read from anywhere else."""

import re
from pathlib import Path

import pytest

from kupec.kit.settings import InvalidSetting, Settings, describe, load, variable

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_every_setting_is_documented_as_it_is() -> None:
    page = DOCS.read_text()
    for name, what, default in describe():
        shown = f"`{default}`" if default != "" else "(empty)"
        assert f"| `{name}` | {what} | {shown} |" in page, f"docs/settings.md is not true about {name}"
    documented = set(re.findall(r"^\| `([A-Z_]+)`", page, flags=re.MULTILINE))
    assert documented == {name for name, _, _ in describe()}


def test_values_are_read_from_the_environment() -> None:
    settings = load({"DATABASE_URL": "postgresql://db", "KUPEC_PORT": "9000", "KUPEC_SECURE_COOKIES": "true"})
    assert (settings.database_url, settings.port, settings.secure_cookies) == ("postgresql://db", 9000, True)
    assert load({}) == Settings()


@pytest.mark.parametrize("name", ["KUPEC_PORT", "KUPEC_SECURE_COOKIES", "KUPEC_RESERVATION_MINUTES"])
def test_a_wrong_value_names_its_variable(name: str) -> None:
    with pytest.raises(InvalidSetting, match=name):
        load({name: "plenty"})


def test_only_the_database_has_a_name_of_its_own() -> None:
    assert variable("database_url") == "DATABASE_URL"
    assert variable("smtp_url") == "KUPEC_SMTP_URL"
