"""Whether an answer can be said: in every language, with known values, in every channel where its flow may run."""

from collections.abc import Iterator, Mapping
from typing import Final

from kupec.assistant.flows.document import Problem
from kupec.assistant.flows.flow import Answer, Manners, Words
from kupec.assistant.flows.wording import NAMED, words_of
from kupec.conversations import Capabilities
from kupec.kit.i18n import LANGUAGES

MOST_CHOICES: Final = 10


def words_problems(words: Words, path: str) -> Iterator[Problem]:
    """A text must be there in every language of the shop, and in no other."""
    for language in words:
        if language not in LANGUAGES:
            yield Problem(path=f"{path}.{language}", message=f"expected one of {', '.join(LANGUAGES)}")
    missing = [language for language in LANGUAGES if not words.get(language)]
    if missing:
        yield Problem(path=path, message=f"is missing in: {', '.join(missing)}")


def answer_problems(
    answer: Answer,
    path: str,
    names: frozenset[str],
    flow_channels: tuple[str, ...],
    channels: Mapping[str, Capabilities],
) -> Iterator[Problem]:
    members = frozenset[str]()
    for part, words in words_of(answer):
        where = path if part == "text" else f"{path}.{part}"
        yield from words_problems(words, where)
        if part != "list.words":
            yield from _texts(words, where, names)
    for source, part in ((answer.cards, "cards"), (answer.list, "list")):
        if source is not None and source.source.split(".")[0] not in names | members:
            yield Problem(path=f"{path}.{part}.from", message=f"“{source.source}” is no slot and no result")
    if answer.link is not None:
        yield from names_problem(answer.link.url, f"{path}.link.url", names)
    for channel, words in answer.channels.items():
        if channels and channel not in channels:
            known = ", ".join(sorted(channels))
            yield Problem(path=f"{path}.channels.{channel}", message=f"there is no such channel; there are: {known}")
        yield from _texts(words, f"{path}.channels.{channel}", names)
    if isinstance(answer.choices, tuple) and len(answer.choices) > MOST_CHOICES:
        yield Problem(path=f"{path}.choices", message=f"expected at most {MOST_CHOICES}")
    yield from _shown(answer, path, flow_channels, channels)


def _shown(
    answer: Answer, path: str, flow_channels: tuple[str, ...], channels: Mapping[str, Capabilities]
) -> Iterator[Problem]:
    """Whether each channel can show what the answer is made of."""
    for channel, can in channels.items():
        if flow_channels and channel not in flow_channels:
            continue
        if can.voice and (answer.cards or answer.link) and not answer.voice and channel not in answer.channels:
            what = "cards" if answer.cards else "a link"
            expected = f"{channel} cannot show {what}: expected `voice`, what is said instead"
            yield Problem(path=path, message=expected)
        longest = max((len(text) for text in _of(answer.channels.get(channel) or answer.text)), default=0)
        if longest > can.length:
            yield Problem(path=path, message=f"expected at most {can.length} characters, as {channel} has it")


def _texts(words: Words, path: str, names: frozenset[str]) -> Iterator[Problem]:
    for language, text in words.items():
        for one in (text.formal, text.informal) if isinstance(text, Manners) else (text,):
            yield from names_problem(one, f"{path}.{language}", names)


def _of(words: Words) -> Iterator[str]:
    for text in words.values():
        yield from (text.formal, text.informal) if isinstance(text, Manners) else (text,)


def names_problem(text: str, path: str, names: frozenset[str]) -> Iterator[Problem]:
    """Brackets hold names, and names are known."""
    rest = NAMED.sub("", text)
    if "{" in rest or "}" in rest:
        yield Problem(path=path, message="expected only names in curly brackets, such as {order.number}")
    for name in NAMED.findall(text):
        if name.split(".")[0] not in names:
            yield Problem(path=path, message=f"“{{{name}}}” is no slot and no result")
