"""Reading a flow from its text: YAML to structs, and every fault with its line, its path, and what would be right."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import yaml

from kupec.assistant.flows.flow import STEPS, Answer, Flow, Part, Slot
from kupec.kit.i18n import LANGUAGES

LONGEST: Final = 200_000
"""Characters of one document."""
_DEEPEST: Final = 40
_ANSWER_KEYS: Final = ("say", "ask", "confirm")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong where. `path` as in "steps[2].collect", `line` counts from 1 (0 when it is the whole)."""

    path: str
    message: str
    line: int = 0


class ReadFlow(msgspec.Struct, frozen=True, kw_only=True):
    """What a text says: the flow, unless `problems` kept it from being read."""

    flow: Flow | None
    problems: tuple[Problem, ...]
    lines: dict[str, int]


class _Loader(yaml.SafeLoader):
    """Of YAML's plain scalars only true, false, null and numbers are more than text: "no" and "12. 5." are words."""


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]{0,15})$"), list("-0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^-?[0-9]{1,15}\.[0-9]{1,9}$"), list("-0123456789")
)


def read_flow(text: str) -> ReadFlow:
    """The flow of a text. Never raises for what the text is."""
    raw, lines, problems = plain(text)
    if problems:
        return ReadFlow(flow=None, problems=tuple(problems), lines=lines)
    reader = _Reader()
    flow = reader.flow(raw)
    found = [located(one, lines) for one in reader.problems]
    return ReadFlow(flow=None if found else flow, problems=tuple(found), lines=lines)


def located(problem: Problem, lines: dict[str, int]) -> Problem:
    """The problem with the line of its path, or of what stands around it."""
    path = problem.path
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return msgspec.structs.replace(problem, line=lines.get(path, 1))


def plain(text: str) -> tuple[Any, dict[str, int], list[Problem]]:
    """The text's plain values, the line of every path, and what kept it from being read."""
    if len(text) > LONGEST:
        return None, {}, [Problem(path="", message=f"expected at most {LONGEST} characters", line=1)]
    lines: dict[str, int] = {}
    try:
        problems = [Problem(path="", message=message, line=line) for line, message in _refused(text)]
        if problems:
            return None, {}, problems
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            problems = list(_walk(node, "", lines, 0)) if node is not None else []
            raw = loader.construct_document(node) if node is not None and not problems else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        said = " ".join(filter(None, (error.context, error.problem)))
        message = f"not YAML: {said}; texts with : ? # {{ }} [ ] or a comma belong in quotes"
        return None, {}, [Problem(path="", message=message, line=mark.line + 1 if mark else 1)]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return None, {}, [Problem(path="", message=f"not YAML: {str(error)[:200]}", line=1)]
    return raw, lines, problems


def _refused(text: str) -> Iterator[tuple[int, str]]:
    """Aliases can blow a document up, tags can make it something else: neither has a place here."""
    events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
    for event in events:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            yield event.start_mark.line + 1, "expected no anchors and aliases (& and *): put the text in quotes"
        elif getattr(event, "tag", None):
            yield event.start_mark.line + 1, "expected no tags (!): put the text in quotes"


def _walk(node: yaml.Node, path: str, lines: dict[str, int], depth: int) -> Iterator[Problem]:
    lines[path] = node.start_mark.line + 1
    if depth > _DEEPEST:
        yield Problem(path=path, message=f"expected at most {_DEEPEST} levels", line=lines[path])
        return
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            here = f"{path}.{name}" if path else name
            if not name:
                yield Problem(path=path, message="expected a word before the colon", line=line)
            elif name in seen:
                yield Problem(path=here, message=f"“{name}” stands here twice", line=line)
            seen.add(name)
            yield from _walk(value, here, lines, depth + 1)
            lines[here] = line
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _walk(value, f"{path}[{index}]", lines, depth + 1)


class _Reader:
    """Makes the structs, step by step, so that one fault does not hide the next."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._answers: dict[str, Any] = {}

    def flow(self, raw: Any) -> Flow | None:
        if not isinstance(raw, dict):
            self._wrong("", "expected a flow: code, title, steps …; docs/flows.md shows one")
            return None
        raw = dict(raw)
        answers = raw.get("answers") or {}
        self._answers = {name: _whole(one) for name, one in answers.items()} if isinstance(answers, dict) else answers
        steps = self._steps(raw.get("steps"), "steps") if "steps" in raw else []
        slots = raw.get("slots")
        if isinstance(slots, dict):
            raw["slots"] = {name: self._asked(one, f"slots.{name}") for name, one in slots.items()}
        raw["answers"] = self._answers
        parts = {"slots": self._each(raw, "slots", Slot), "answers": self._each(raw, "answers", Answer)}
        if "steps" in raw:
            raw["steps"] = []
        found = self._made(Flow, raw, "")
        return msgspec.structs.replace(found, steps=steps, **parts) if found is not None else None

    def _each(self, raw: dict[str, Any], name: str, kind: type[Part]) -> dict[str, Any]:
        """The members of a part one by one, so that each fault has its own place."""
        members = raw.get(name)
        if not isinstance(members, dict):
            return {}
        raw[name] = {}
        made = {key: self._made(kind, one, key if "." in key else f"{name}.{key}") for key, one in members.items()}
        return {key: one for key, one in made.items() if one is not None}

    def _steps(self, raw: Any, path: str) -> list[Any]:
        if not isinstance(raw, list):
            self._wrong(path, "expected a list of steps, each beginning with a dash")
            return []
        found = [self._step(one, f"{path}[{index}]") for index, one in enumerate(raw)]
        return [one for one in found if one is not None]

    def _step(self, raw: Any, path: str) -> Any:
        kinds = [key for key in STEPS if isinstance(raw, dict) and key in raw]
        if "handover" in kinds and "say" in kinds:
            kinds = ["handover"]
        if len(kinds) != 1:
            said = f"found {' and '.join(kinds)} in one step" if kinds else "found none"
            self._wrong(path, f"expected exactly one of {', '.join(STEPS)}; {said}")
            return None
        raw = self._asked(raw, path)
        inner: dict[str, Any] = {}
        if kinds[0] in ("call", "http"):
            inner = self._around_call(raw, path)
        elif kinds[0] == "collect" and "on_unknown" in raw:
            inner["on_unknown"] = self._steps(raw["on_unknown"], f"{path}.on_unknown")
            raw["on_unknown"] = []
        elif kinds[0] == "branch":
            return self._branch(raw, path)
        found = self._made(STEPS[kinds[0]], raw, path)
        return msgspec.structs.replace(found, **inner) if found is not None and inner else found

    def _around_call(self, raw: dict[str, Any], path: str) -> dict[str, Any]:
        inner: dict[str, Any] = {}
        if "on_no" in raw:
            inner["on_no"] = self._steps(raw["on_no"], f"{path}.on_no")
            raw["on_no"] = []
        if isinstance(raw.get("on_error"), dict):
            inner["on_error"] = {
                str(code): self._steps(steps, f"{path}.on_error.{code}") for code, steps in raw["on_error"].items()
            }
            raw["on_error"] = {}
        return inner

    def _branch(self, raw: dict[str, Any], path: str) -> Any:
        cases = raw["branch"]
        blocks: list[dict[str, Any]] = []
        if isinstance(cases, list):
            raw["branch"] = [dict(one) if isinstance(one, dict) else one for one in cases]
            for index, case in enumerate(raw["branch"]):
                block: dict[str, Any] = {}
                for key, field in (("then", "then"), ("else", "else_")):
                    if isinstance(case, dict) and key in case:
                        block[field] = self._steps(case[key], f"{path}.branch[{index}].{key}")
                        case[key] = []
                blocks.append(block)
        found = self._made(STEPS["branch"], raw, path)
        if found is None:
            return None
        whole = tuple(msgspec.structs.replace(case, **block) for case, block in zip(found.branch, blocks, strict=True))
        return msgspec.structs.replace(found, branch=whole)

    def _asked(self, raw: Any, path: str) -> Any:
        """Answers written where they are said get a name: their place."""
        if not isinstance(raw, dict):
            return raw
        raw = dict(raw)
        for key in _ANSWER_KEYS:
            if isinstance(raw.get(key), dict):
                raw[key] = self._named(raw[key], f"{path}.{key}")
        rejections = raw.get("rejections")
        if isinstance(rejections, list):
            raw["rejections"] = [
                self._asked(one, f"{path}.rejections[{index}]") for index, one in enumerate(rejections)
            ]
        return raw

    def _named(self, answer: dict[str, Any], path: str) -> str:
        if isinstance(self._answers, dict):
            self._answers[path] = _whole(answer)
        return path

    def _made(self, kind: type[Part], raw: Any, path: str) -> Any:
        try:
            return msgspec.convert(raw, kind, strict=True)
        except msgspec.ValidationError as error:
            problem, _, place = str(error).partition(" - at `$")
            inner = place.rstrip("`").lstrip(".").replace("[...]", "")
            self._wrong(".".join(filter(None, (path, inner))), _said(problem, kind))
            return None

    def _wrong(self, path: str, message: str) -> None:
        self.problems.append(Problem(path=path, message=message))


def _whole(answer: Any) -> Any:
    """A text alone is an answer with nothing but text."""
    if isinstance(answer, dict) and answer and all(key in LANGUAGES for key in answer):
        return {"text": answer}
    return answer


def _said(problem: str, kind: type[Part]) -> str:
    if "unknown field" in problem:
        name = problem.rpartition("`")[0].rpartition("`")[2]
        fields = [field.encode_name for field in msgspec.structs.fields(kind)]
        near = f"; here may stand {', '.join(fields)}" if name and name not in fields else ""
        return f"“{name}” is not known{near}"
    return problem[:1].lower() + problem[1:]
