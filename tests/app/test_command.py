"""The command itself, as a process: what it prints, what it refuses, what it leaves behind."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kupec.app.process import settings_here
from kupec.kit.db import Pool


def kupec(*words: str, dsn: str = "", data: Path | None = None, said: str = "") -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "DATABASE_URL": dsn, "KUPEC_DATA_DIR": str(data or "")}
    return subprocess.run(
        [sys.executable, "-m", "kupec.app", *words],
        env={name: value for name, value in environment.items() if value},
        input=said,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("command", ["web", "worker"])
def test_a_process_without_a_database_says_what_to_do(command: str, tmp_path: Path) -> None:
    answer = kupec(command, data=tmp_path)
    assert answer.returncode == 1
    assert answer.stderr.startswith("kupec: No database is named. Set DATABASE_URL")
    assert "Traceback" not in answer.stderr


def test_a_wrong_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUPEC_PORT", "eighty")
    answer = kupec("web", data=tmp_path)
    assert answer.returncode == 1
    assert "KUPEC_PORT" in answer.stderr


async def test_staff_may_be_added_from_a_pipe(dsn: str, pool: Pool, tmp_path: Path) -> None:
    answer = kupec("staff", "eva@shop.example", "Eva Nová", dsn=dsn, data=tmp_path, said="dlouhé-heslo-1\n")
    assert (answer.returncode, answer.stderr) == (0, "")
    row = await pool.fetchrow("select name, role, password_hash from staff where email = 'eva@shop.example'")
    assert row is not None
    assert (row["name"], row["role"]) == ("Eva Nová", "owner")
    assert row["password_hash"].startswith("$argon2id$")
    again = kupec("staff", "eva@shop.example", "Eva Nová", dsn=dsn, data=tmp_path, said="dlouhé-heslo-1\n")
    assert again.returncode == 1
    short = kupec("staff", "iva@shop.example", "Iva", dsn=dsn, data=tmp_path, said="krátké\n")
    assert short.returncode == 1


async def test_a_file_comes_in_and_what_is_wrong_is_reported(dsn: str, pool: Pool, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "external_id,name,email,language\nc-1,Jana,jana@example.com,cs\nc-2,Petr,no address,cs\nc-3,Iva,,pl\n"
    )
    answer = kupec("import", "customers", str(file), dsn=dsn, data=tmp_path)
    assert answer.returncode == 2, answer.stderr
    assert "2 rows in" in answer.stdout
    refused = (tmp_path / "people.csv.errors.csv").read_text()
    assert "3,email," in refused
    assert await pool.fetchval("select count(*) from party") == 2
    assert await pool.fetchval("select bool_and(origin = 'imported') from event where name = 'customer.created'")
    again = kupec("import", "customers", str(file), dsn=dsn, data=tmp_path)
    assert again.returncode == 2
    assert await pool.fetchval("select count(*) from party") == 2


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    answer = kupec("import", "orders", str(tmp_path / "none.csv"), dsn="postgresql://nowhere", data=tmp_path)
    assert (answer.returncode, answer.stderr) == (1, f"kupec: There is no file {tmp_path}/none.csv.\n")


def test_the_secret_is_made_once_and_kept_to_ourselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUPEC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("KUPEC_SECRET", raising=False)
    first, second = settings_here(), settings_here()
    assert first.secret == second.secret
    assert len(first.secret) >= 32
    assert stat.S_IMODE((tmp_path / "data" / "secret").stat().st_mode) == 0o600
    monkeypatch.setenv("KUPEC_SECRET", "given")
    assert settings_here().secret == "given"
