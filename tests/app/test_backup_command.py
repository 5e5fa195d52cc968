"""`kupec backup` and `kupec restore` as their users meet them."""

import os
from pathlib import Path

from kupec.kit.db import Pool
from kupec.kit.postgres import create_database, drop_database
from tests.app.test_command import kupec


async def test_a_shop_is_kept_and_comes_back(dsn: str, pool: Pool, server: str, tmp_path: Path) -> None:
    await pool.execute("update staff_rules set two_factor_required = true")
    file = tmp_path / "shop.backup"
    kept = kupec("backup", str(file), dsn=dsn, data=tmp_path)
    assert kept.returncode == 0, kept.stderr
    assert f"{file}: " in kept.stdout
    assert "Keep shop.backup.json beside it" in kept.stdout
    again = kupec("backup", str(file), dsn=dsn, data=tmp_path)
    assert (again.returncode, again.stderr) == (1, f"kupec: {file} is there already. Name another file.\n")

    refused = kupec("restore", str(file), dsn=dsn, data=tmp_path)
    assert refused.returncode == 1
    assert "add --force to replace all that is in it" in refused.stderr
    name = f"kupec_test_{os.getpid()}_command"
    there = await create_database(server, name)
    try:
        cut = tmp_path / "cut.backup"
        cut.write_bytes(file.read_bytes()[:1000])
        (tmp_path / "cut.backup.json").write_bytes((tmp_path / "shop.backup.json").read_bytes())
        damaged = kupec("restore", str(cut), "--into", there, dsn=dsn, data=tmp_path)
        assert damaged.returncode == 1
        assert "kupec: The backup" in damaged.stderr
        assert "Nothing was changed." in damaged.stderr
        done = kupec("restore", str(file), "--into", there, dsn=dsn, data=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "every one as backed up" in done.stdout
        assert "secret" not in done.stderr
        other_secret = kupec("restore", str(file), "--into", there, "--force", dsn=dsn, data=tmp_path / "elsewhere")
        assert other_secret.returncode == 0
        assert "This shop's secret is not the one of the backup" in other_secret.stderr
    finally:
        await drop_database(server, name)


async def test_the_embedded_database_is_started_for_it(dsn: str, pool: Pool, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    file = tmp_path / "shop.backup"
    assert kupec("backup", str(file), dsn=dsn, data=tmp_path / "a").returncode == 0
    done = kupec("restore", str(file), data=tmp_path / "b")
    assert done.returncode == 0, done.stderr
    kept = kupec("backup", str(tmp_path / "second.backup"), data=tmp_path / "b")
    assert kept.returncode == 0, kept.stderr


async def test_an_owner_who_lost_everything_is_let_in_by_the_operator(dsn: str, pool: Pool, tmp_path: Path) -> None:
    assert kupec("staff", "eva@shop.example", "Eva", dsn=dsn, data=tmp_path, said="dlouhé-heslo-1\n").returncode == 0
    await pool.execute("insert into staff_totp select id, 'x', 1, now(), now() from staff")
    assert kupec("unlock", "Eva@Shop.example", dsn=dsn, data=tmp_path).returncode == 0
    assert await pool.fetchval("select count(*) from staff_totp") == 0
    assert await pool.fetchval("select actor from event where name = 'staff.second_factor_reset'") == "system:operator"
    nobody = kupec("unlock", "nobody@shop.example", dsn=dsn, data=tmp_path)
    assert (nobody.returncode, nobody.stderr) == (1, "kupec: There is no such staff member.\n")
