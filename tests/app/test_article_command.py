"""`kupec import articles` and `kupec export articles`, as processes."""

from pathlib import Path

from kupec.kit.db import Pool
from kupec.knowledge import get_article
from tests.app.test_command import kupec


async def test_articles_come_in_from_a_folder_and_go_out(dsn: str, pool: Pool, tmp_path: Path) -> None:
    files = tmp_path / "faq"
    files.mkdir()
    (files / "one.md").write_text("## Do you roast?\n\nYes.\n\n## Empty?\n")
    (files / "two.csv").write_text("title,answer\nDo you ship?,Yes.\n")
    answer = kupec("import", "articles", str(files), "--publish", dsn=dsn, data=tmp_path)
    assert answer.returncode == 2, answer.stderr
    assert "one.md:5: empty: there is no answer below this heading" in answer.stdout
    assert "2 new, 0 changed, 0 as they were, 1 refused." in answer.stdout
    async with pool.acquire() as db:
        assert (await get_article(db, "do-you-ship")).content.answers[0].text == "Yes."
    again = kupec("import", "articles", str(files / "two.csv"), "--publish", dsn=dsn, data=tmp_path)
    assert (again.returncode, again.stdout.strip()) == (0, "0 new, 0 changed, 1 as they were, 0 refused.")
    out = tmp_path / "out.md"
    assert kupec("export", "articles", str(out), dsn=dsn, data=tmp_path).returncode == 0
    assert "# en: Do you roast?" in out.read_text()
    wrong = kupec("import", "articles", str(tmp_path / "x.pdf"), dsn=dsn, data=tmp_path)
    assert wrong.returncode == 1
    assert "There is no file" in wrong.stderr
