"""Drafts that people go on from: an article of what colleagues answered, the skeleton of a flow. Pure."""

import json
import re
from collections.abc import Collection, Sequence
from typing import Final

from kupec.assistant.learning.models import ProposedArticle, ProposedFlow
from kupec.assistant.understanding.grams import words
from kupec.kit.i18n import LANGUAGES, translate
from kupec.kit.i18n import mark as _
from kupec.knowledge import slug_of

_MARK: Final = re.compile("⟦[^⟧]*⟧")
_LONGEST_TITLE = 120
_LONGEST_CODE = 40
_LONGEST_ANSWER = 5_000
_PASSED_ON: Final = _("A colleague of mine can best help you with this.")


def unmarked(text: str) -> str:
    """Without marks of personal details, on one line."""
    return " ".join(_MARK.sub("…", text).split())


def name_of(telling: Sequence[str]) -> str:
    """What questions are called: the most typical of them."""
    return unmarked(telling[0])[:_LONGEST_TITLE] if telling else "?"


def central(answers: Sequence[str]) -> list[str]:
    """Answers, the one that has most in common with the others first."""
    said = [set(words(text)) for text in answers]
    worth = [sum(len(one & other) / (len(one | other) or 1) for other in said) for one in said]
    order = sorted(range(len(answers)), key=lambda place: (-worth[place], place))
    return [answers[place] for place in order]


def draft_article(
    name: str, telling: Sequence[str], language: str, answers: Sequence[str], taken: Collection[str]
) -> ProposedArticle:
    """An article from what people answered, the most usual of it. `taken` are codes of articles there are."""
    text = _MARK.sub("…", central(answers)[0]).strip() if answers else ""
    code = _free(slug_of(" ".join(telling[:2]) or name)[:_LONGEST_CODE].strip("-") or "article", taken, "-")
    return ProposedArticle(
        code=code,
        title=name,
        language=language if language in LANGUAGES else LANGUAGES[0],
        text=text[:_LONGEST_ANSWER],
    )


def draft_flow(name: str, telling: Sequence[str], language: str, taken: Collection[str]) -> ProposedFlow:
    """A flow that says that a person helps, and fetches one: what it does instead is for people to write.

    What customers said is not in it: a flow's text is kept for good. How it is asked for is learnt beside it.
    """
    phrase = next((one for one in telling if one.strip()), "") or slug_of(name).replace("-", " ")
    stem = slug_of(phrase).replace("-", "_")[:_LONGEST_CODE].strip("_")
    code = _free(stem if stem[:1].isalpha() else f"flow_{stem}", taken, "_")
    told = language if language in LANGUAGES else LANGUAGES[0]
    lines = [
        f"code: {code}",
        f"title: {{{', '.join(f'{one}: {_quoted(phrase)}' for one in LANGUAGES)}}}",
        "description: >",
        "  " + ", ".join(unmarked(one) for one in telling if one.strip()),
        "steps:",
        "  - say: passed_on",
        "  - handover: person",
        "answers:",
        "  passed_on:",
        *(f"    {one}: {_quoted(translate(one, _PASSED_ON))}" for one in LANGUAGES),
        "examples:",
        "  - name: A person helps",
        f"    language: {told}",
        "    talk:",
        f"      - customer: {_quoted(phrase)}",
        f"        intent: {code}",
        "        confidence: 1.0",
        "      - bot: passed_on",
        "      - handover: person",
    ]
    return ProposedFlow(code=code, source="\n".join(lines) + "\n")


def _quoted(text: str) -> str:
    """As a string that YAML and JSON read alike."""
    return json.dumps(unmarked(text), ensure_ascii=False)


def _free(code: str, taken: Collection[str], joint: str) -> str:
    found, number = code, 1
    while found in taken:
        number += 1
        found = f"{code}{joint}{number}"
    return found
