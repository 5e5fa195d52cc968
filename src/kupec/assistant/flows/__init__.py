"""Flows: processes of conversations as documents, and the engine that runs them (docs/flows.md)."""

from kupec.assistant.flows.asking_systems import call_http
from kupec.assistant.flows.engine import ToolFailure, advance, go_on, resume, start
from kupec.assistant.flows.flow import PATTERNS, Flow, Program
from kupec.assistant.flows.flow_set import FlowSet, Signature, phrases
from kupec.assistant.flows.holding import current_flows, load_flows, signatures_of
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
from kupec.assistant.flows.stored_runs import load_runs, save_runs
from kupec.assistant.flows.wording import Manner, answer_of, fill, speak

__all__ = [
    "PATTERNS",
    "AskEffect",
    "CallEffect",
    "DoneEffect",
    "Effect",
    "Flow",
    "FlowSet",
    "HandoverEffect",
    "HttpEffect",
    "IdentifyEffect",
    "Manner",
    "Program",
    "RunState",
    "SayEffect",
    "SearchEffect",
    "Signature",
    "StartEffect",
    "Step",
    "ToolFailure",
    "TurnInput",
    "advance",
    "answer_of",
    "call_http",
    "current_flows",
    "fill",
    "go_on",
    "load_flows",
    "load_runs",
    "phrases",
    "resume",
    "save_runs",
    "signatures_of",
    "speak",
    "start",
]
