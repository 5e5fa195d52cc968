"""Who gets which conversation: never beyond their room, never who is away, first who knows the customer."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kupec.conversations import Agent, Waiting, distribute
from tests.conversations.people import NOW

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)
TALK, NEXT = UUID(int=101), UUID(int=102)


def agent(staff_id: UUID, **given: object) -> Agent:
    return Agent(**{"staff_id": staff_id, "state": "available", "capacity": 2, "load": 0} | given)  # type: ignore[arg-type]


def waits(conversation_id: UUID = TALK, **given: object) -> Waiting:
    return Waiting(**{"conversation_id": conversation_id, "waiting_since": NOW} | given)  # type: ignore[arg-type]


def test_who_knows_the_customer_goes_before_who_has_more_room() -> None:
    agents = [agent(ONE), agent(TWO, load=1)]
    assert distribute([waits()], agents) == {TALK: ONE}
    assert distribute([waits(known_to=(TWO,))], agents) == {TALK: TWO}
    assert distribute([waits(known_to=(THREE, TWO))], agents) == {TALK: TWO}
    assert distribute([waits(known_to=(TWO,))], [agent(ONE), agent(TWO, load=2)]) == {TALK: ONE}


def test_who_has_waited_longest_is_first_and_the_urgent_before_them() -> None:
    early = NOW - timedelta(minutes=9)
    one = [agent(ONE, capacity=1)]
    assert distribute([waits(), waits(NEXT, waiting_since=early)], one) == {NEXT: ONE}
    assert distribute([waits(priority=1), waits(NEXT, waiting_since=early)], one) == {TALK: ONE}


def test_a_language_is_waited_for_only_while_somebody_on_duty_speaks_it() -> None:
    polish, czech = frozenset({"pl"}), frozenset({"cs"})
    asked = [waits(language="pl")]
    assert distribute(asked, [agent(ONE, languages=czech), agent(TWO, languages=polish, load=1)]) == {TALK: TWO}
    assert distribute(asked, [agent(ONE, languages=czech), agent(TWO, languages=polish, load=2)]) == {}
    assert distribute(asked, [agent(ONE, languages=czech), agent(TWO, languages=polish, state="busy")]) == {}
    assert distribute(asked, [agent(ONE, languages=czech), agent(TWO, languages=polish, state="away")]) == {TALK: ONE}
    assert distribute(asked, [agent(ONE)]) == {TALK: ONE}


def test_skills_and_teams_are_asked_for() -> None:
    complaint = frozenset({"complaints"})
    agents = [agent(ONE), agent(TWO, skills=complaint | {"coffee"}, load=1)]
    assert distribute([waits(skills=complaint)], agents) == {TALK: TWO}
    assert distribute([waits(team=THREE)], [agent(ONE), agent(TWO, teams=frozenset({THREE}), load=1)]) == {TALK: TWO}


_IDS = [UUID(int=number) for number in range(1, 7)]
_AGENTS = st.lists(
    st.builds(
        Agent,
        staff_id=st.sampled_from(_IDS),
        state=st.sampled_from(["available", "busy", "away"]),
        capacity=st.integers(0, 4),
        load=st.integers(0, 5),
        languages=st.frozensets(st.sampled_from(["cs", "pl", "en"])),
        skills=st.frozensets(st.sampled_from(["complaints", "coffee"])),
        teams=st.frozensets(st.sampled_from(_IDS[:2])),
    ),
    max_size=6,
    unique_by=lambda agent: agent.staff_id,
)
_WAITING = st.lists(
    st.builds(
        Waiting,
        conversation_id=st.sampled_from([UUID(int=number) for number in range(100, 115)]),
        waiting_since=st.integers(0, 90).map(lambda minutes: NOW - timedelta(minutes=minutes)),
        priority=st.integers(0, 2),
        language=st.sampled_from(["", "cs", "pl", "en"]),
        skills=st.frozensets(st.sampled_from(["complaints", "coffee"])),
        team=st.none() | st.sampled_from(_IDS[:2]),
        known_to=st.lists(st.sampled_from(_IDS), max_size=3, unique=True).map(tuple),
    ),
    max_size=15,
    unique_by=lambda one: one.conversation_id,
)


@given(_WAITING, _AGENTS)
def test_nobody_gets_more_than_they_can_bear_and_nobody_waits_for_whom_is_not_there(
    waiting: list[Waiting], agents: list[Agent]
) -> None:
    given_to = distribute(waiting, agents)
    by_id = {one.staff_id: one for one in agents}
    for staff_id in set(given_to.values()):
        chosen = by_id[staff_id]
        assert chosen.state == "available"
        assert chosen.load + list(given_to.values()).count(staff_id) <= chosen.capacity
    room = {
        one.staff_id: one.capacity - one.load - list(given_to.values()).count(one.staff_id)
        for one in agents
        if one.state == "available"
    }
    for one in waiting:
        plain = not one.skills and one.team is None and not one.language
        if one.conversation_id not in given_to and plain:
            assert all(left <= 0 for left in room.values()), "somebody had room"


@given(_WAITING, _AGENTS)
def test_who_knows_the_customer_and_has_room_left_is_preferred(waiting: list[Waiting], agents: list[Agent]) -> None:
    given_to = distribute(waiting, agents)
    counts = {staff_id: list(given_to.values()).count(staff_id) for staff_id in given_to.values()}
    for one in waiting:
        chosen = given_to.get(one.conversation_id)
        plain = not one.skills and one.team is None and not one.language
        if chosen is None or chosen in one.known_to or not plain:
            continue
        for other in agents:
            if other.staff_id in one.known_to and other.state == "available":
                assert other.load + counts.get(other.staff_id, 0) >= other.capacity
