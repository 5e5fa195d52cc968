"""Which wording is said, and with what in it. Prose and a worked example: docs/algorithms/wording.md."""

import re
from collections.abc import Mapping, Sequence

from kupec.kit.i18n import LANGUAGES
from kupec.knowledge.models import Answer, ArticleDraft

VARIABLE = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")


def wording(
    article: ArticleDraft,
    language: str,
    channel: str = "web",
    voice: bool = False,
    audience: str = "formal",
    *,
    languages: Sequence[str] = LANGUAGES,
) -> Answer | None:
    """The most fitting answer: exact, else for any audience, else in text, else for any channel, else in the next of
    `languages` (the shop's order). None for an article without answers.
    """
    for spoken in dict.fromkeys((language, *languages)):
        fitting = [
            (_closeness(answer), -place, answer)
            for place, answer in enumerate(article.answers)
            if answer.language == spoken and _fits(answer, channel, voice, audience)
        ]
        if fitting:
            return max(fitting, key=lambda each: each[:2])[2]
    return None


def _fits(answer: Answer, channel: str, voice: bool, audience: str) -> bool:
    """What is made for another channel, audience or the ear only is never said."""
    return answer.channel in ("", channel) and answer.audience in ("", audience) and (voice or not answer.voice)


def _closeness(answer: Answer) -> int:
    """The channel weighs more than the voice, and the voice more than the audience."""
    return 4 * bool(answer.channel) + 2 * answer.voice + bool(answer.audience)


def variables_in(text: str) -> list[str]:
    """The names in its curly brackets, each once."""
    return list(dict.fromkeys(VARIABLE.findall(text)))


def fill(text: str, values: Mapping[str, object]) -> str:
    """The text with its variables filled. A line that names one without a value is left out, and said nothing of."""
    kept = [line for line in text.split("\n") if all(_said(values, name) for name in VARIABLE.findall(line))]
    filled = VARIABLE.sub(lambda found: str(values[found[1]]), "\n".join(kept))
    return re.sub(r"\n{3,}", "\n\n", filled).strip()


def _said(values: Mapping[str, object], name: str) -> bool:
    return values.get(name) not in (None, "")
