"""`kupec train`: a candidate from all that is published and approved, beside the live model (docs/learning.md)."""

import asyncio
from pathlib import Path

import msgspec
from rich.console import Console

from kupec.app.process import open_database, settings_here
from kupec.app.serving import database_for
from kupec.assistant import ModelInfo, ModelReport, candidate_report, train_candidate
from kupec.kit.actor import system
from kupec.kit.clock import SystemClock
from kupec.kit.settings import Settings

_OPERATOR = system("operator")


class _Told(msgspec.Struct, frozen=True):
    model: ModelInfo
    report: ModelReport | None


def train_shop(into: Path | None, report: Path | None) -> int:
    """Train, keep the candidate, print how it does beside the live model; a person publishes it at the desk."""

    async def work(settings: Settings) -> tuple[ModelInfo, ModelReport | None, bytes]:
        async with open_database(settings, application="train") as (database, _):
            info = await train_candidate(database, actor=_OPERATOR, now=SystemClock().now(), origin="command")
            async with database.reading() as db:
                compared = None if info.is_live else await candidate_report(db, info.id)
                data: bytes = await db.fetchval("select data from bot_model where id = $1", info.id)
        return info, compared, data

    with database_for(settings_here()) as settings:
        info, compared, data = asyncio.run(work(settings))
    if into is not None:
        into.write_bytes(data)
    if report is not None:
        report.write_bytes(msgspec.json.format(msgspec.json.encode(_Told(info, compared)), indent=1) + b"\n")
    _show(info, compared)
    return 0


def _show(info: ModelInfo, compared: ModelReport | None) -> None:
    console = Console(highlight=False)
    console.print(f"Model {info.id}: {info.phrases:,} phrases, {info.intents:,} intents, {info.size / 1e6:.1f} MB")
    console.print(f"Threshold {info.threshold:.3f}; trained in {info.seconds:.1f} s.")
    if compared is None:
        console.print("It is the first model of this shop, and live.")
        return
    console.print(
        f"Of {compared.cases:,} labelled questions the live model answers {compared.live_right:,} rightly, this one "
        f"{compared.candidate_right:,}: {compared.better:,} better, {compared.worse:,} worse (p = {compared.p:.3f})."
    )
    console.print(f"Example conversations: {compared.examples_passed:,} as before, {compared.examples_failed:,} not.")
    console.print(f"Verdict: {compared.verdict}. It waits at the desk, under Learning, to be published.")
