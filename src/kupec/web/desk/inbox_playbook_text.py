"""A playbook's steps as people write them: what the customer says, "+" before a point, ">" before a model answer.

    Přišel mi rozbitý mlýnek.
    + omluva: omlouvám se | mrzí mě
    + reklamace: reklamace
    > Mrzí mě to. Založím vám reklamaci.

An empty line ends a step. A point is its hint and, after a colon, the phrases by which it is known.
"""

from collections.abc import Sequence

from kupec.conversations import PlayStep, Point


def steps_text(steps: Sequence[PlayStep]) -> str:
    """The steps as they are written; `read_steps` reads them back."""
    blocks = []
    for step in steps:
        lines = [step.says.replace("\n\n", "\n")]
        lines += [f"+ {point.hint}: {' | '.join(point.words)}" for point in step.points]
        lines += [f"> {line}" for line in step.model.split("\n") if line.strip()]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def read_steps(text: str) -> list[PlayStep]:
    """What was written as steps; the verb that keeps them says what is wrong with them."""
    blocks = [block.strip("\n") for block in text.replace("\r\n", "\n").split("\n\n")]
    return [_step(block.split("\n")) for block in blocks if block.strip()]


def _step(lines: Sequence[str]) -> PlayStep:
    points = [_point(line[1:]) for line in lines if line.startswith("+")]
    model = "\n".join(line[1:].strip() for line in lines if line.startswith(">"))
    says = "\n".join(line for line in lines if not line.startswith(("+", ">")))
    return PlayStep(says=says.strip(), points=points, model=model)


def _point(text: str) -> Point:
    hint, _colon, words = text.partition(":")
    phrases = [phrase.strip() for phrase in words.split("|") if phrase.strip()]
    return Point(hint=hint.strip(), words=phrases or [hint.strip()])
