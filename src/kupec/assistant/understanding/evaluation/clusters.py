"""How well questions are gathered that mean the same: found groups against the intents that people gave them."""

import time
from collections import Counter
from collections.abc import Sequence

import msgspec

from kupec.assistant.understanding.clustering import cluster, telling
from kupec.assistant.understanding.evaluation.files import Labelled
from kupec.assistant.understanding.evaluation.metrics import adjusted_rand, mutual_information
from kupec.kit.encoder import Encoder

_SHOWN = 5


class ClustersReport(msgspec.Struct, frozen=True, kw_only=True):
    """ARI and NMI count every text that is alone as a group of its own."""

    asked: int
    intents: int
    wanted: int | None
    """How many groups were asked for; None lets the texts decide."""
    found: int
    alone: int
    adjusted_rand: float
    mutual_information: float
    purity: float
    """The share of texts whose group mostly means what they mean."""
    seconds: float
    encoder: str
    largest: Sequence[tuple[int, str]]
    """How many, and what they are about."""


def evaluate_clusters(
    rows: Sequence[Labelled], *, clusters: int | None = None, encoder: Encoder | None = None
) -> ClustersReport:
    """Gather, compare. The intents are only looked at to compare."""
    texts, true = [one.text for one in rows], [one.intent for one in rows]
    began = time.process_time()
    labels = cluster(texts, encoder=encoder, clusters=clusters)
    seconds = time.process_time() - began
    groups = [label if label >= 0 else -1 - place for place, label in enumerate(labels)]
    inside: dict[int, Counter[str]] = {}
    for label, intent in zip(groups, true, strict=True):
        inside.setdefault(label, Counter())[intent] += 1
    sizes = Counter(label for label in labels if label >= 0)
    about = telling(texts, labels)
    return ClustersReport(
        asked=len(rows),
        intents=len(set(true)),
        wanted=clusters,
        found=len(sizes),
        alone=sum(label < 0 for label in labels),
        adjusted_rand=adjusted_rand(true, groups),
        mutual_information=mutual_information(true, groups),
        purity=sum(max(counts.values()) for counts in inside.values()) / max(len(rows), 1),
        seconds=seconds,
        encoder=encoder.name if encoder else "",
        largest=[(many, " · ".join(about.get(label, [])[:3])) for label, many in sizes.most_common(_SHOWN)],
    )
