"""Flows: processes of conversations as documents, and the engine that runs them (docs/flows.md)."""

from kupec.assistant.flows.asking_systems import ask_system, call_http
from kupec.assistant.flows.checking import Surroundings
from kupec.assistant.flows.deciding import SURE
from kupec.assistant.flows.document import Problem, located, plain, read_flow
from kupec.assistant.flows.engine import ToolFailure, advance, go_on, resume, start
from kupec.assistant.flows.examples import ExampleResult, Spoken, blocks_in_words
from kupec.assistant.flows.flow import PATTERNS, Flow, Program
from kupec.assistant.flows.flow_set import FlowSet, Signature, phrases
from kupec.assistant.flows.holding import current_flows, load_flows, programs_of, signatures_of
from kupec.assistant.flows.hosts import FlowHost, allow_host, allowed_hosts, flow_hosts, forget_host
from kupec.assistant.flows.outline import Fork, Twig, outline
from kupec.assistant.flows.run import (
    AskEffect,
    CallEffect,
    DoneEffect,
    Effect,
    HandoverEffect,
    HttpEffect,
    IdentifyEffect,
    RunState,
    SayEffect,
    SearchEffect,
    StartEffect,
    Step,
    TurnInput,
)
from kupec.assistant.flows.schema import flow_schema
from kupec.assistant.flows.stored_runs import load_runs, save_runs
from kupec.assistant.flows.tallying import FlowCount, flow_counts, flow_tally_subscriber
from kupec.assistant.flows.trying import example_result, flow_understanding
from kupec.assistant.flows.versions import (
    Checked,
    FlowVersion,
    check_source,
    differences,
    flow_history,
    flow_source,
    get_flow,
    import_flows,
    latest_versions,
    publish_flow,
    roll_back_flow,
    save_flow,
    withdraw_flow,
)
from kupec.assistant.flows.wording import Manner, answer_of, fill, speak

__all__ = [
    "PATTERNS",
    "SURE",
    "AskEffect",
    "CallEffect",
    "Checked",
    "DoneEffect",
    "Effect",
    "ExampleResult",
    "Flow",
    "FlowCount",
    "FlowHost",
    "FlowSet",
    "FlowVersion",
    "Fork",
    "HandoverEffect",
    "HttpEffect",
    "IdentifyEffect",
    "Manner",
    "Problem",
    "Program",
    "RunState",
    "SayEffect",
    "SearchEffect",
    "Signature",
    "Spoken",
    "StartEffect",
    "Step",
    "Surroundings",
    "ToolFailure",
    "TurnInput",
    "Twig",
    "advance",
    "allow_host",
    "allowed_hosts",
    "answer_of",
    "ask_system",
    "blocks_in_words",
    "call_http",
    "check_source",
    "current_flows",
    "differences",
    "example_result",
    "fill",
    "flow_counts",
    "flow_history",
    "flow_hosts",
    "flow_schema",
    "flow_source",
    "flow_tally_subscriber",
    "flow_understanding",
    "forget_host",
    "get_flow",
    "go_on",
    "import_flows",
    "latest_versions",
    "load_flows",
    "load_runs",
    "located",
    "outline",
    "phrases",
    "plain",
    "programs_of",
    "publish_flow",
    "read_flow",
    "resume",
    "roll_back_flow",
    "save_flow",
    "save_runs",
    "signatures_of",
    "speak",
    "start",
    "withdraw_flow",
]
