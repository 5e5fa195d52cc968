"""What a model is trained from: all that says how people ask, and what is none of ours."""

import hashlib
from typing import Any, Final

import msgspec

from kupec.assistant.flows import load_flows, phrases
from kupec.assistant.learning.cases import folded
from kupec.assistant.settings import BOT
from kupec.kit.db import Connection
from kupec.kit.encoder import encoder_at_hand, encoder_directory
from kupec.kit.versions import published
from kupec.knowledge import training_phrases

Spoken = tuple[str, str, str]
"""A text, its language, the intent it means."""
ARTICLE: Final = "article:"


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """All that a model is made of, kept beside it: the same material makes the same model, byte for byte."""

    phrases: list[Spoken]
    begins: list[str]
    outside: list[str] = []
    encoder: str = ""
    """The name of the sentence encoder that is used, if there is one."""

    @property
    def fingerprint(self) -> str:
        told: list[object] = [sorted(self.phrases), self.begins, sorted(self.outside)]
        return hashlib.sha256(msgspec.json.encode([*told, self.encoder] if self.encoder else told)).hexdigest()

    def order(self) -> dict[str, Any]:
        """As the process that trains reads it. Flows must be meant for sure; what an article answers, knowledge finds
        by more than its phrases.
        """
        directory = encoder_directory() if self.encoder else ""
        return {"phrases": self.phrases, "begins": self.begins, "outside": self.outside, "encoder": directory}

    def forms(self) -> set[str]:
        """The folded forms of all texts that are learnt from."""
        return {folded(text) for text, _language, _intent in self.phrases} | {folded(text) for text in self.outside}


async def spoken_phrases(db: Connection, *, in_use: bool = False) -> list[Spoken]:
    """All that says how people ask: flows under their code, articles under "article:<code>", and what was learnt.

    An article that a flow stands for (`BotSettings.does`) teaches that flow. `in_use`: of what was learnt for flows,
    only what a live model knows already.
    """
    flows = await load_flows(db)
    does = (await published(db, BOT))[BOT].does
    told = ((text, language, does.get(code) or ARTICLE + code) for text, language, code in await training_phrases(db))
    learnt = await db.fetch(
        "select text, language, intent from learnt_phrase where in_use or not $1 order by created_at, id", in_use
    )
    of_flows = [(row["text"], row["language"], row["intent"]) for row in learnt if row["intent"] in flows]
    return [*phrases(flows), *told, *of_flows]


async def gather_material(db: Connection, *, in_use: bool) -> Material:
    """As it stands now. What a person held out for judging is in it only where it is published as a phrase."""
    spoken = await spoken_phrases(db, in_use=in_use)
    known = {folded(text) for text, _language, _intent in spoken}
    encoder = encoder_at_hand()
    rows = await db.fetch(
        "select text, folded from labelled_case where intent = '' and not held_out order by created_at, id"
    )
    return Material(
        phrases=spoken,
        begins=sorted({intent for _, _, intent in spoken if not intent.startswith(ARTICLE)}),
        outside=[row["text"] for row in rows if row["folded"] not in known],
        encoder=encoder.name if encoder else "",
    )
