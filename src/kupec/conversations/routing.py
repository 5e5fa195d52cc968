"""Who gets which conversation: a pure decision over who waits and who is there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

AgentState = Literal["available", "busy", "away"]


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the staff. No languages: any. `load` is how many conversations they have in hand."""

    staff_id: UUID
    state: AgentState
    capacity: int
    load: int
    languages: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    teams: frozenset[UUID] = frozenset()


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that nobody has. `known_to`: who has talked with this customer, the latest first."""

    conversation_id: UUID
    waiting_since: datetime
    priority: int = 0
    language: str = ""
    skills: frozenset[str] = frozenset()
    team: UUID | None = None
    known_to: tuple[UUID, ...] = ()


def distribute(waiting: Sequence[Waiting], agents: Sequence[Agent]) -> dict[UUID, UUID]:
    """By conversation, who gets it; those for whom nobody has room go on waiting.

    The most urgent first, then whoever has waited longest. Only who is available and has room gets one. A team, a skill
    and a language are kept to as long as somebody on duty (however busy) has them: it is better to wait for whom one
    needs, but not for somebody who is not there. Of those who fit, who knows the customer; else who has the most room.
    """
    load = {agent.staff_id: agent.load for agent in agents}
    on_duty = [agent for agent in agents if agent.state != "away"]
    given: dict[UUID, UUID] = {}
    for one in sorted(waiting, key=lambda one: (-one.priority, one.waiting_since, one.conversation_id)):
        fit = [
            agent
            for agent in _fit(one, on_duty)
            if agent.state == "available" and load[agent.staff_id] < agent.capacity
        ]
        if fit:
            chosen = min(fit, key=lambda agent: _rank(agent, one, load[agent.staff_id]))
            given[one.conversation_id] = chosen.staff_id
            load[chosen.staff_id] += 1
    return given


def _fit(one: Waiting, on_duty: Sequence[Agent]) -> Sequence[Agent]:
    """Who could take it; what nobody on duty has is not asked for."""
    fit = on_duty
    for asked in (
        lambda agent: one.team is None or one.team in agent.teams,
        lambda agent: one.skills <= agent.skills,
        lambda agent: not one.language or not agent.languages or one.language in agent.languages,
    ):
        narrower = [agent for agent in fit if asked(agent)]
        fit = narrower or fit
    return fit


def _rank(agent: Agent, one: Waiting, load: int) -> tuple[int, float, int, UUID]:
    known = one.known_to.index(agent.staff_id) if agent.staff_id in one.known_to else len(one.known_to)
    return (known, load / agent.capacity, -agent.capacity, agent.staff_id)
