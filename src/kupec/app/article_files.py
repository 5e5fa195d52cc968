"""`kupec import articles`: Markdown, HTML and CSV files of questions; `kupec export articles` takes them out."""

import asyncio
from pathlib import Path
from typing import Protocol

from rich.console import Console

from kupec.app.facts import ToolFacts
from kupec.app.importing import NoSuchFile
from kupec.app.process import open_database, settings_here
from kupec.app.serving import database_for
from kupec.app.tools import toolbox
from kupec.kit.actor import system
from kupec.kit.clock import SystemClock
from kupec.kit.errors import InvalidValue
from kupec.kit.settings import Settings
from kupec.kit.versions import published
from kupec.knowledge import (
    KNOWLEDGE,
    ImportedArticle,
    Read,
    import_articles,
    published_articles,
    read_csv,
    read_html,
    read_markdown,
    write_csv,
    write_markdown,
)


class Reader(Protocol):
    """Reads the articles of a file."""

    def __call__(self, text: str, /, *, language: str, category: str) -> list[Read]: ...


_ACTOR = system("import")
_READERS: dict[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".csv": read_csv,
}


def bring_in(path: Path, *, language: str, category: str, publish: bool) -> int:
    """Import a file, or every file of a folder; exit status 0 when every article went in, 2 when some were refused."""
    if not path.exists():
        raise NoSuchFile(path=path)
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]

    async def work(settings: Settings) -> list[tuple[Path, ImportedArticle]]:
        fields = ToolFacts(toolbox(), None, base_url=settings.base_url).fields
        done: list[tuple[Path, ImportedArticle]] = []
        async with open_database(settings, application="import") as (database, _):
            for file in files:
                async with database.transaction() as db:
                    shelf = category or (await published(db, KNOWLEDGE))[KNOWLEDGE].categories[0].code
                    reads, now = read_file(file, language=language, category=shelf), SystemClock().now()
                    came = await import_articles(
                        db, reads, publish=publish, note=file.name, signatures=fields, actor=_ACTOR, now=now
                    )
                done.extend((file, one) for one in came)
        return done

    with database_for(settings_here()) as settings:
        return _report(asyncio.run(work(settings)))


def read_file(path: Path, *, language: str, category: str) -> list[Read]:
    """The articles of a file, by its ending. Raises InvalidValue for another one."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidValue(field=path.name, expected=", ".join(_READERS))
    text = path.read_bytes().decode("utf-8-sig", "replace")
    return reader(text, language=language, category=category)


def _report(done: list[tuple[Path, ImportedArticle]]) -> int:
    console = Console()
    refused = [(file, one) for file, one in done if one.outcome == "refused"]
    for file, one in refused:
        console.print(f"{file.name}:{one.place}: {one.code or '?'}: {one.problem}", markup=False)
    counts = {outcome: sum(one.outcome == outcome for _, one in done) for outcome in ("new", "changed", "same")}
    console.print("{new} new, {changed} changed, {same} as they were".format(**counts) + f", {len(refused)} refused.")
    return 2 if refused else 0


def take_out(path: Path) -> int:
    """Write all published articles into a Markdown file, or a table if it is called .csv."""

    async def work(settings: Settings) -> str:
        async with open_database(settings, application="export") as (database, _), database.reading() as db:
            drafts = [one.content for one in await published_articles(db)]
        return write_csv(drafts) if path.suffix.lower() == ".csv" else write_markdown(drafts)

    with database_for(settings_here()) as settings:
        path.write_text(asyncio.run(work(settings)), encoding="utf-8")
    return 0
