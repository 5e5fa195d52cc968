"""Words of the pages about learning: why something was missed, what is proposed, and intents by their titles."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal
from urllib.parse import quote

import msgspec

from kupec.assistant import PATTERNS, current_flows
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.text import fold
from kupec.knowledge import list_articles
from kupec.web.desk.reader import Reader

REASONS: Final = {
    "unknown": _("not understood"),
    "clarified": _("asked back"),
    "corrected": _("corrected by the customer"),
    "handed_over": _("handed over"),
    "unhelpful": _("the answer did not help"),
}
"""Why a question was kept."""
REASON_TONES: Final = {
    "unknown": "warn",
    "clarified": "",
    "corrected": "bad",
    "handed_over": "warn",
    "unhelpful": "bad",
}
KINDS: Final = {
    "phrase": _("More ways to ask"),
    "article": _("New article"),
    "intent": _("New flow"),
}
"""What a suggestion proposes."""
KIND_HINTS: Final = {
    "phrase": _("the bot knows the answer, but not that it is asked like this"),
    "article": _("the answer is always the same: write it once"),
    "intent": _("something is to be asked or done: a conversation in steps"),
}
KIND_ICONS: Final = {"phrase": "chat", "article": "document", "intent": "robot"}
MODEL_STATES: Final = {
    "live": _("answers now"),
    "candidate": _("candidate"),
    "retired": _("answered before"),
    "broken": _("cannot be read"),
}
MODEL_TONES: Final = {"live": "good", "candidate": "ink", "retired": "", "broken": "bad"}
LEARNING_SENTENCES: Final = {
    "question.labelled": _("Questions were given a meaning: {count}"),
    "suggestion.made": _("Questions that are alike were gathered: {questions}"),
    "suggestion.made:again": _("A dismissed suggestion came back, with {questions} questions"),
    "suggestion.approved": _("Suggestion approved: {learnt} questions to learn from, {held_out} to check by"),
    "suggestion.dismissed": _("Suggestion dismissed"),
    "model.trained": _("A version of the bot was trained from {phrases} ways to ask"),
    "model.published": _("A version of the bot was published to {share} of conversations"),
    "model.published:all": _("A version of the bot answers everybody"),
    "model.refused": _("A version of the bot was held back: a person decides"),
    "model.refused:worse": _("A version of the bot was held back: it is worse"),
    "model.rolled_back": _("The version of the bot before answers again"),
    "model.broken": _("The bot’s model could not be read"),
}
LEARNING_VARIANTS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "suggestion.made": lambda payload: ":again" if payload.get("again") else "",
    "model.published": lambda payload: ":all" if payload.get("share") == 1 else "",
    "model.refused": lambda payload: ":worse" if payload.get("verdict") == "worse" else "",
}
LEARNING_ICONS: Final = {
    "question": "bulb",
    "suggestion": "bulb",
    "model": "bulb",
    "model.broken": "alert",
    "model.rolled_back": "undo",
}
_ARTICLE = "article:"
_ALL = 5000
_AROUND = ".,;:!?…()[]„“”\"'"


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """Something the bot can be asked for: a flow, or an article. `label` is told from every other one's."""

    code: str
    title: str
    label: str
    kind: Literal["flow", "article"]
    may_learn: bool = True
    """Whether texts can be taught for it: what happens in every conversation has no phrases of its own."""

    @property
    def address(self) -> str:
        """Its page at the desk."""
        if self.kind == "flow":
            return f"/desk/flows/{quote(self.code, safe='')}"
        return f"/desk/knowledge/articles/{quote(self.code.removeprefix(_ARTICLE), safe='')}"


class Intents:
    """All that the bot can be asked for, by code and by label."""

    def __init__(self, known: Iterable[Intent], reader: Reader) -> None:
        every = sorted(known, key=lambda one: one.title.casefold())
        self.all = [one for one in every if one.may_learn]
        self._known: Mapping[str, Intent] = {one.code: one for one in every}
        self._labels = {one.label.casefold(): one.code for one in self.all}
        self._reader = reader

    def get(self, code: str) -> Intent | None:
        return self._known.get(code)

    def title(self, code: str) -> str:
        """In words, also for what is gone meanwhile and for nothing."""
        if not code:
            return self._reader.text(_("none of what the bot knows"))
        known = self._known.get(code)
        gone = code.removeprefix(_ARTICLE).replace("_", " ").replace("-", " ")
        return known.title if known else self._reader.text(_("{title} (not there any more)")).format(title=gone)

    def code(self, label: str) -> str | None:
        """What somebody has chosen by its label; None when there is no such."""
        return self._labels.get(" ".join(label.split()).casefold())


async def intents_of(db: Connection, reader: Reader) -> Intents:
    """The flows and the published articles, by their titles in the reader's language."""
    flows = [(program.flow.code, program.title(reader.language)) for program in await current_flows(db)]
    lines = await list_articles(db, language=reader.language, state="published", limit=_ALL)
    told = [(code, title, "flow") for code, title in flows]
    told += [(f"{_ARTICLE}{line.code}", line.title, "article") for line in lines]
    taken: dict[str, int] = {}
    for _code, title, _kind in told:
        taken[title.casefold()] = taken.get(title.casefold(), 0) + 1
    words = {"flow": reader.text(_("flow")), "article": reader.text(_("article"))}
    found, labels = [], set[str]()
    for code, title, kind in told:
        label = title if taken[title.casefold()] == 1 else f"{title} ({words[kind]})"
        if label.casefold() in labels:
            label = f"{title} ({code.removeprefix(_ARTICLE)})"
        labels.add(label.casefold())
        found.append(
            Intent(code=code, title=title, label=label, kind=kind, may_learn=code not in PATTERNS)  # type: ignore[arg-type]
        )
    return Intents(found, reader)


def as_written(plain: str, texts: Iterable[str]) -> str:
    """Words without accents, as these texts have them; as they are where no text has them."""
    wanted = fold(plain).split()
    for text in texts:
        written = [word.strip(_AROUND) for word in text.split()]
        plainly = [fold(word) for word in written]
        for at in range(len(written) - len(wanted) + 1):
            if plainly[at : at + len(wanted)] == wanted:
                return " ".join(written[at : at + len(wanted)])
    return plain


def percent(value: float, language: str) -> str:
    """A share of one in whole percent, as the reader writes it."""
    number = f"{round(100 * value):d}"
    return f"{number}%" if language == "en" else f"{number} %"
