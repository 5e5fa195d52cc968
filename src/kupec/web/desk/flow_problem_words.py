"""What is wrong with a flow, in the reader's language: the checks say it in English, as schemas and logs want it."""

import re
from functools import cache
from typing import Final

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate

_PLACE: Final = re.compile(r"\{([a-z]+)\}")
PROBLEMS: Final = (
    _("not YAML: {error}; texts with : ? # { } [ ] or a comma belong in quotes"),
    _("not YAML: {error}"),
    _("expected a flow: code, title, steps …; docs/flows.md shows one"),
    _("expected a list of steps, each beginning with a dash"),
    _("expected exactly one of {kinds}; found none"),
    _("expected exactly one of {kinds}; found {found} in one step"),
    _("expected no anchors and aliases (& and *): put the text in quotes"),
    _("expected no tags (!): put the text in quotes"),
    _("expected at most {number} levels"),
    _("expected at most {number} characters, as {channel} has it"),
    _("expected at most {number} characters"),
    _("expected at most {number}"),
    _("expected words, at most {number} characters"),
    _("expected a word before the colon"),
    _("“{name}” stands here twice"),
    _("“{name}” is not known; here may stand {names}"),
    _("“{name}” is not known"),
    _("object missing required field `{name}`"),
    _("expected one of {names}"),
    _("expected at least one step"),
    _("expected at least one example: what is said, and what must follow"),
    _("“{name}” always stands for something else; expected another name"),
    _("expected choices for a slot of type choice, and only there"),
    _("is never reached: the step above ends the flow"),
    _("expected a slot that is collected, not “{name}”"),
    _("stands in patterns only"),
    _("there is no slot “{name}”; expected one of: {names}"),
    _("expected how to ask for “{name}”: `ask` here or at the slot"),
    _("there is no tool “{name}”; there are: {names}"),
    _("{tool} takes no “{name}”; it takes: {names}"),
    _("{tool} must be given “{name}”"),
    _("{tool} changes something: expected `confirm`, what is asked before it is called"),
    _("{tool} changes something: expected `confirm`"),
    _("{tool} gives no “{name}”; it gives: {names}"),
    _("expected an address that begins with https://"),
    _("expected a fixed host: values belong behind it"),
    _("expected an allowed host ({names}), not “{name}”"),
    _("expected `else`: what happens when it does not answer"),
    _("expected either `when` with `then`, or `else`"),
    _("expected `else` as the last case"),
    _("there is no published flow “{name}”"),
    _("there is no answer “{name}”; expected one of: {names}, or its words here"),
    _("there is no channel “{name}”; there are: {names}"),
    _("there is no such channel; there are: {names}"),
    _("cannot be read: expected {what}"),
    _("“{name}” is no slot and no result; a text stands in quotes: {quoted}"),
    _("“{name}” is no slot and no result"),
    _("is missing in: {languages}"),
    _("{channel} cannot show {what}: expected `voice`, what is said instead"),
    _("expected only names in curly brackets, such as {order.number}"),
)
"""Every way to be wrong; of two that fit, the more exact one stands first."""


def problem_said(problem: str, language: str) -> str:
    """The problem in this language; as it is where nobody has translated it."""
    for known, pattern in _patterns():
        if (found := pattern.fullmatch(problem)) is not None:
            return _PLACE.sub(lambda place: found[place[1]], translate(language, known))
    return problem


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((known, re.compile(_pattern(known), re.DOTALL)) for known in PROBLEMS)


def _pattern(known: str) -> str:
    texts = _PLACE.split(known)
    return "".join(f"(?P<{text}>.+?)" if index % 2 else re.escape(text) for index, text in enumerate(texts))
