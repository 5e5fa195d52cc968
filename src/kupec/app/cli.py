"""The `kupec` command."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from kupec import __version__
from kupec.app import (
    agent_platforms,
    api_keys,
    article_files,
    backups,
    demo,
    evaluating,
    exporting,
    importing,
    inboxes,
    mail,
    maintenance,
    serving,
    worker,
)
from kupec.integrations import RATE_LIMIT, SCOPES
from kupec.kit.errors import KupecError
from kupec.kit.i18n import LANGUAGES


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; an error of ours is one line on stderr and exit status 1."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int | None] = options.run
    try:
        sys.exit(run(options) or 0)
    except KupecError as error:
        print(f"kupec: {error.message}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kupec", description="One engine for automated selling.")
    parser.add_argument("--version", action="version", version=f"kupec {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _serving(commands)
    _importing(commands)
    _maintenance(commands)
    _integrations(commands)
    _conversations(commands)
    evaluating.add_commands(commands)
    return parser


def _serving(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    shop = commands.add_parser("demo", help="the demo shop Zrnko with everything it needs")
    shop.add_argument("--fresh", action="store_true", help="begin with an empty data directory")
    shop.set_defaults(run=lambda options: demo.run(fresh=options.fresh))
    both = commands.add_parser("run", help="web and worker, with the embedded database unless DATABASE_URL is set")
    both.set_defaults(run=lambda _: serving.run())
    web = commands.add_parser("web", help="the web server alone (needs DATABASE_URL)")
    web.set_defaults(run=lambda _: serving.web())
    alone = commands.add_parser("worker", help="the worker alone (needs DATABASE_URL)")
    alone.set_defaults(run=lambda _: worker.main())


def _importing(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("import", help="bring in goods, prices, stock, customers or orders (docs/import.md)")
    parser.add_argument("kind", choices=(*importing.KINDS, "articles"))
    parser.add_argument("file", type=Path, help="CSV or JSONL, also .gz; articles: Markdown, HTML, CSV, or a folder")
    parser.add_argument("--mapping", type=Path, help="TOML file that says which column is which field")
    parser.add_argument("--errors", type=Path, help="where refused rows go (default: FILE.errors.csv)")
    parser.add_argument("--again", action="store_true", help="read a file anew that has come in before")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="articles: of what does not say its own")
    parser.add_argument("--category", default="", help="articles: of what does not say its own")
    parser.add_argument("--publish", action="store_true", help="articles: let them hold at once")
    parser.set_defaults(run=_import)
    out = commands.add_parser("export", help="write goods, prices, stock, customers or orders (docs/export.md)")
    out.add_argument("kind", choices=(*exporting.KINDS, "articles"))
    out.add_argument("file", type=Path, help="CSV or JSONL, also .gz, by its name")
    out.set_defaults(run=_export)


def _import(options: argparse.Namespace) -> int:
    if options.kind == "articles":
        return article_files.bring_in(
            options.file, language=options.language, category=options.category, publish=options.publish
        )
    return importing.run(
        options.kind, options.file, mapping=options.mapping, errors=options.errors, again=options.again
    )


def _export(options: argparse.Namespace) -> int:
    if options.kind == "articles":
        return article_files.take_out(options.file)
    exporting.run(options.kind, options.file)
    return 0


def _maintenance(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    migrate = commands.add_parser("migrate", help="bring the database up to date")
    migrate.set_defaults(run=lambda _: maintenance.migrate_database())
    rebase = commands.add_parser("rebase", help="after a restore: let the readers of the event log go on")
    rebase.set_defaults(run=lambda _: maintenance.rebase_log())
    keep = commands.add_parser("backup", help="the whole database into one file, while the shop runs (docs/backup.md)")
    keep.add_argument("file", type=Path)
    keep.set_defaults(run=lambda options: backups.run_backup(options.file))
    restore = commands.add_parser("restore", help="a backup into an empty database, compared with what was kept")
    restore.add_argument("file", type=Path)
    restore.add_argument("--into", default="", metavar="DATABASE_URL", help="another database than the shop's own")
    restore.add_argument("--force", action="store_true", help="replace what is in the database")
    restore.set_defaults(run=lambda options: backups.run_restore(options.file, into=options.into, force=options.force))
    bounce = commands.add_parser("bounce", help="a mail that came back, from the standard input (docs/outreach.md)")
    bounce.set_defaults(run=lambda _: maintenance.keep_bounce())
    letter = commands.add_parser("mail", help="a mail that somebody wrote to us, from a file (docs/mail.md)")
    letter.add_argument("file", type=Path, help="as it came (.eml); - for the standard input")
    letter.add_argument("--inbox", default="", metavar="CODE", help="which inbox it came to (default: the first one)")
    letter.set_defaults(run=lambda options: mail.take_mail(options.file, inbox=options.inbox))
    unlock = commands.add_parser("unlock", help="remove the second step of someone who can no longer take it")
    unlock.add_argument("email")
    unlock.set_defaults(run=lambda options: maintenance.unlock_staff(options.email))
    staff = commands.add_parser("staff", help="add someone who may sign in to the desk")
    staff.add_argument("email")
    staff.add_argument("name")
    staff.add_argument("--role", choices=("owner", "manager", "agent", "warehouse"), default="owner")
    staff.add_argument("--language", choices=("cs", "pl", "en"), default="en")
    staff.set_defaults(
        run=lambda options: maintenance.add_staff(
            options.email, options.name, role=options.role, language=options.language
        )
    )


def _integrations(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    key = commands.add_parser("api-key", help="make a key for another system and print it (docs/admin-api.md)")
    key.add_argument("name", help="what it is for, as the desk and the history show it")
    key.add_argument("--scopes", nargs="+", choices=tuple(SCOPES), required=True, metavar="SCOPE")
    key.add_argument("--days", type=int, help="how long it holds (default: until it is revoked)")
    key.add_argument("--rate", type=int, default=RATE_LIMIT, help="requests a minute (default: %(default)s)")
    key.set_defaults(
        run=lambda options: api_keys.make_key(
            options.name, scopes=options.scopes, days=options.days, rate_limit=options.rate
        )
    )
    platform = commands.add_parser("acp-platform", help="let a platform buy by ACP and print its key (docs/acp.md)")
    platform.add_argument("code", help="small letters, digits and hyphens; its orders are known by it")
    platform.add_argument("--name", default="", help="as the desk and the history show it (default: the code)")
    platform.set_defaults(run=lambda options: agent_platforms.let_in(options.code, options.name))


def _conversations(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    inbox = commands.add_parser("inbox", help="channels as they are set up here (docs/adding-a-channel.md)")
    what = inbox.add_subparsers(title="what", required=True, metavar="WHAT")
    what.add_parser("list", help="all inboxes").set_defaults(run=lambda _: inboxes.show())
    new = what.add_parser("add", help="set up a channel; prints where it delivers")
    new.add_argument("channel", help="such as web, email, telegram")
    new.add_argument("code", help="small letters; stands in its address")
    new.add_argument("name", help="as the desk shows it")
    new.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="the channel's configuration")
    new.add_argument("--credential", nargs="*", default=[], metavar="NAME", help="asked for, or read a line each")
    new.set_defaults(
        run=lambda options: inboxes.add(
            options.channel, options.code, options.name, settings=options.set, credentials=options.credential
        )
    )
    there = what.add_parser("connect", help="tell the other side where to deliver")
    there.add_argument("code")
    there.set_defaults(run=lambda options: inboxes.connect(options.code))
