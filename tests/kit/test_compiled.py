"""What is compiled once is found again, and compiled anew when its source has changed."""

import os
from pathlib import Path

import pytest

from kupec.kit import compiled, i18n

ONE = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Tea"\nmsgstr "{}"\n'


def test_messages_are_compiled_once_and_again_when_a_source_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, kept = tmp_path / "locale" / "cs" / "tea.po", tmp_path / "kept"
    source.parent.mkdir(parents=True)
    kept.mkdir()
    monkeypatch.setattr(i18n, "_LOCALE_DIR", tmp_path / "locale")
    monkeypatch.setattr(i18n, "compiled_dir", lambda: kept)
    fresh = i18n.translations.__wrapped__

    source.write_text(ONE.format("Čaj"))
    assert fresh("cs").gettext("Tea") == "Čaj"
    (first,) = kept.iterdir()
    written = first.stat().st_mtime_ns
    assert fresh("cs").gettext("Tea") == "Čaj"
    assert first.stat().st_mtime_ns == written, "it was compiled again"

    source.write_text(ONE.format("Čajíček"))
    assert fresh("cs").gettext("Tea") == "Čajíček"
    assert [path.suffix for path in kept.iterdir()] == [".mo"], "the older one is kept, too"
    assert not first.exists()


def test_what_cannot_be_kept_is_done_without(tmp_path: Path) -> None:
    compiled.keep(tmp_path / "nowhere" / "a.mo", b"x", instead_of="*.mo")
    assert not os.listdir(tmp_path)
