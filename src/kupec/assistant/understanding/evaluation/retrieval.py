"""How often the right article is found first: documents are ways to ask and an answer, queries name their document."""

import gzip
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from kupec.assistant.understanding.evaluation.files import BadFile, Fault, Labelled
from kupec.assistant.understanding.evaluation.metrics import (
    accuracy_interval,
    auroc,
    calibration_error,
    recall_at,
    reciprocal_rank,
)
from kupec.assistant.understanding.evaluation.serving import percentile, timed
from kupec.kit.encoder import Encoder
from kupec.knowledge import Encoded, LanguageIndex, Source

_DEEP = 10
_KNOWN = 0.5
_TIMED = 1000


class RetrievalReport(msgspec.Struct, frozen=True, kw_only=True):
    """Shares from 0 to 1. `known_right` and `known_wrong`: first, with a score of at least a half, of all queries."""

    documents: int
    asked: int
    asked_outside: int
    first: float | None
    first_interval: tuple[float, float] | None
    among_5: float | None
    among_10: float | None
    reciprocal_rank: float | None
    known_right: float
    known_wrong: float
    known_outside: float | None
    """Of the queries that no document answers, the share that one was claimed for."""
    auroc: float | None
    calibration_error: float | None
    index_seconds: float
    p50_ms: float
    p95_ms: float
    encoder: str
    notes: Sequence[str]


def threads(path: Path) -> tuple[list[Source], list[Labelled]] | None:
    """StackFAQ's form: threads with a question, answers, paraphrases ("*" for none). None where it is another."""
    raw = path.read_bytes() if path.exists() else b""
    try:
        told: Any = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
        pairs = told["root"]["qapair"]
    except (ValueError, KeyError, TypeError, OSError, EOFError):
        return None
    sources, asked, faults = [], [], []
    for number, pair in enumerate(pairs if isinstance(pairs, list) else [], 1):
        if not isinstance(pair, dict) or not isinstance(pair.get("question"), str) or "answer" not in pair:
            reason = f"thread {number} is not whole; expected {{“question”: …, “answer”: …, “rephr”: […]}}"
            faults.append(Fault(file=path.name, line=0, field="root.qapair", reason=reason))
            continue
        answer, said = pair["answer"], pair.get("rephr") or []
        text = "\n".join(map(str, answer)) if isinstance(answer, list) else str(answer)
        sources.append(Source(code=str(number), questions=(pair["question"],), answer=text))
        asked += [Labelled(text=one, intent=str(number)) for one in said if isinstance(one, str) and one.strip("* ")]
    if faults:
        raise BadFile(faults)
    return sources, asked


def documents(rows: Sequence[Labelled]) -> list[Source]:
    """Rows of a table as documents: what has one label is one document, its texts the ways to ask for it."""
    said: dict[str, list[Labelled]] = {}
    for row in rows:
        said.setdefault(row.intent, []).append(row)
    return [
        Source(
            code=label,
            questions=tuple(dict.fromkeys(one.text for one in ones)),
            answer="\n".join(dict.fromkeys(one.answer for one in ones if one.answer)),
        )
        for label, ones in said.items()
    ]


def evaluate_retrieval(
    sources: Sequence[Source],
    asked: Sequence[Labelled],
    outside: Sequence[Labelled] = (),
    *,
    language: str = "en",
    encoder: Encoder | None = None,
) -> RetrievalReport:
    """Index, ask, judge; the index works in the words of `language`."""
    began = time.process_time()
    index = LanguageIndex(sources, language, encoded=Encoded(encoder) if encoder else None)
    seconds = time.process_time() - began
    places: list[int | None] = []
    sure: list[tuple[float, bool]] = []
    for one in asked:
        matches = index.find(one.text, _DEEP)
        codes = [match.code for match in matches]
        places.append(codes.index(one.intent) + 1 if one.intent in codes else None)
        sure.append((matches[0].score if matches else 0.0, places[-1] == 1))
    away = [matches[0].score if (matches := index.find(one.text, 1)) else 0.0 for one in outside]
    step = max(1, len(asked) // _TIMED)
    # With a blank more: an encoder that remembers would look free.
    each = timed(index.find, [f"{one.text} " for one in asked[::step]])
    first, many = recall_at(places, 1), len(asked)
    there = {source.code for source in sources}
    lost = sum(one.intent not in there for one in asked)
    return RetrievalReport(
        documents=len(sources),
        asked=many,
        asked_outside=len(outside),
        first=first,
        first_interval=accuracy_interval(first, many),
        among_5=recall_at(places, 5),
        among_10=recall_at(places, _DEEP),
        reciprocal_rank=reciprocal_rank(places),
        known_right=sum(right and score >= _KNOWN for score, right in sure) / max(many, 1),
        known_wrong=sum(not right and score >= _KNOWN for score, right in sure) / max(many, 1),
        known_outside=sum(score >= _KNOWN for score in away) / len(away) if away else None,
        auroc=auroc([score for score, _ in sure] + away, [True] * many + [False] * len(away)),
        calibration_error=calibration_error([score for score, _ in sure], [right for _, right in sure]),
        index_seconds=seconds,
        p50_ms=percentile(each, 0.5),
        p95_ms=percentile(each, 0.95),
        encoder=encoder.name if encoder else "",
        notes=[f"{lost:,} queries are for a document that is not there"] if lost else [],
    )
