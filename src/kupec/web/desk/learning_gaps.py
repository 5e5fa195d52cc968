"""Where the bot stumbles: words it does not know, and the steps of flows at which customers leave."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from litestar import Response, get

from kupec.assistant import TEACH, FlowLeaving, Twig, current_flows, flow_leaving, outline, unknown_words
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.web.desk.flow_words import STEP_WORDS
from kupec.web.desk.learning import days_of, shared, since
from kupec.web.desk.learning_words import as_written
from kupec.web.desk.page import desk_page, reader_of
from kupec.web.desk.reader import Reader
from kupec.web.forms import query_form
from kupec.web.rendering import AnyRequest, site_of

_MOST_WORDS = 60
_MOST_STEPS = 40


class Stumbled(msgspec.Struct, frozen=True, kw_only=True):
    """A step in words, and how often customers stumbled there; `worst` is the most frequent way."""

    flow: str
    step: str
    left: int
    repeated: int
    person: int
    worst: str


@get("/learning/gaps", opt={"permission": TEACH})
async def gaps(request: AnyRequest) -> Response[str]:
    reader, days = reader_of(request), days_of(query_form(request))
    begin = since(reader, days)
    async with site_of(request).database.reading() as db:
        words = await unknown_words(db, since=begin)
        leaving = await flow_leaving(db, since=begin, now=reader.now)
        steps = await _steps(db, reader)
        return await desk_page(
            request,
            db,
            "desk/learning/gaps.html",
            section="learning",
            unknown=[(one, as_written(one.word, [one.example])) for one in words[:_MOST_WORDS]],
            leaving=[_stumbled(one, steps, reader) for one in leaving[:_MOST_STEPS]],
            **await shared(request, db, days),
        )


def _stumbled(one: FlowLeaving, steps: dict[tuple[str, str], str], reader: Reader) -> Stumbled:
    counts = {"left": one.left + one.stands, "repeated": one.repeated, "person": one.person}
    return Stumbled(
        flow=one.flow,
        step=steps.get((one.flow, one.step)) or reader.text(_("a step of an older version")),
        worst=max(counts, key=lambda way: counts[way]),
        **counts,
    )


async def _steps(db: Connection, reader: Reader) -> dict[tuple[str, str], str]:
    """The steps of the flows that hold, in words, by their place and by what they ask for."""
    found: dict[tuple[str, str], str] = {}
    for program in await current_flows(db):
        for twig in _all(outline(program.flow, reader.language)):
            said = f"{reader.text(STEP_WORDS.get(twig.kind, twig.kind))}: {twig.detail or twig.text}".rstrip(": ")
            found.setdefault((program.flow.code, twig.path), said)
            if twig.kind == "collect":
                found.setdefault((program.flow.code, twig.text.partition(":")[0]), said)
    return found


def _all(twigs: Iterable[Twig]) -> Iterable[Twig]:
    for twig in twigs:
        yield twig
        for fork in twig.below:
            yield from _all(fork.steps)


routes: Sequence[Any] = (gaps,)
