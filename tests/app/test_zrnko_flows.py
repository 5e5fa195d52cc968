"""Zrnko's flows: every one fits the tools and channels there are, in three languages, and goes as its examples say."""

import pytest

from kupec.app.tools import toolbox
from kupec.app.wiring import channels
from kupec.app.zrnko.flows_of import demo_flows, import_demo_flows
from kupec.assistant import FlowSet, Surroundings, check_source, load_flows, read_flow, signatures_of
from kupec.assistant.flows.defaults import default_patterns, default_source
from kupec.assistant.flows.flow import PATTERNS, Program
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.i18n import LANGUAGES
from kupec.kit.settings import Settings
from tests.shop import NOON

TOOLS = toolbox()
CHANNELS = {code: channel.capabilities for code, channel in channels(Settings()).items()}
AROUND = Surroundings(tools=signatures_of(TOOLS), channels=CHANNELS)
PROGRAMS = [Program(flow, 1) for text in demo_flows() if (flow := read_flow(text).flow) is not None]
FLOWS = FlowSet([*default_patterns(), *PROGRAMS])
HELPERS = {"own_order", "pick_product", "which_order"}


@pytest.mark.parametrize("source", demo_flows(), ids=[program.flow.code for program in PROGRAMS])
def test_each_flow_is_ready_and_its_examples_pass(source: str) -> None:
    checked = check_source(source, FLOWS, AROUND)
    assert checked.ready, checked.first_problem
    assert checked.flow is not None
    if checked.flow.code not in HELPERS:
        assert {
            language: len(checked.flow.phrasings.get(language, ())) >= 8 for language in LANGUAGES
        } == dict.fromkeys(LANGUAGES, True)


@pytest.mark.parametrize("code", PATTERNS)
def test_each_pattern_is_ready(code: str) -> None:
    checked = check_source(default_source(code) or "", FLOWS, AROUND)
    assert checked.ready, checked.first_problem


def test_no_phrasing_stands_in_two_flows() -> None:
    seen: dict[str, str] = {}
    for program in PROGRAMS:
        for phrasings in program.flow.phrasings.values():
            for one in phrasings:
                assert seen.setdefault(one.lower(), program.flow.code) == program.flow.code, one


async def test_they_are_brought_in_once(db: Connection) -> None:
    for _time in range(2):
        await import_demo_flows(db, TOOLS, CHANNELS, actor=system("demo"), now=NOON)
    assert await db.fetchval("select count(*) from flow_version") == len(PROGRAMS)
    held = await load_flows(db)
    assert {program.flow.code for program in held} == {*(one.flow.code for one in PROGRAMS), *PATTERNS}
