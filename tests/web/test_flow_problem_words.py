"""What is wrong with a flow is told in the reader's language: nothing that a check says is left in English."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from kupec.assistant import read_flow
from kupec.assistant.flows import checking
from kupec.web.desk.flow_problem_words import problem_said

CHECKS = ("document.py", "checking.py", "answer_checking.py")


def messages() -> Iterator[str]:
    """Every text that a check gives as its message, with an x where a value stands."""
    folder = Path(checking.__file__).parent
    for name in CHECKS:
        for node in ast.walk(ast.parse((folder / name).read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [one.value for one in node.keywords if one.arg == "message"] if called == "Problem" else []
            given += node.args[1:2] if called == "_wrong" else []
            for one in given:
                if isinstance(one, ast.Constant):
                    yield str(one.value)
                elif isinstance(one, ast.JoinedStr):
                    yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in one.values)


@pytest.mark.parametrize("language", ["cs", "pl"])
def test_every_problem_is_told_in_the_readers_language(language: str) -> None:
    found = {one.replace("; x", "; found none") for one in messages()}
    assert len(found) > 35
    for one in found:
        assert problem_said(one, language) != one, one


def test_names_and_values_stay_as_they_are() -> None:
    [problem] = read_flow("code: x\ntitle: {en: x}\nsteps:\n  - colect: name").problems
    assert problem_said(problem.message, "cs").endswith("; není tu žádné")
    assert "`" not in problem_said("there is no slot “mail”; expected one of: email, name", "pl")
    said = problem_said("there is no slot “mail”; expected one of: email, name", "cs")
    assert said == "údaj „mail“ tu není; čeká se jeden z: email, name"
    assert problem_said("something new", "cs") == "something new"
    assert problem_said("there is no tool “a”; there are: b", "en") == "there is no tool “a”; there are: b"
