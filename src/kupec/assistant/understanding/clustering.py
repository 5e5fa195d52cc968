"""Which questions are about the same thing, and how people put it: what the bot could not answer, in heaps with a name.

Texts are neighbours where they share words, pairs of words and groups of characters (and where an encoder finds them
alike). The graph of the nearest neighbours is laid out by its leading eigenvectors, average link by cosine joins what
lies together, and a linear classifier that learns from the heaps puts right who stands in the wrong one.
It needs libraries that no web process carries: `python -m kupec.assistant.understanding.clustering` runs it apart.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_matrix, diags, hstack
from scipy.sparse.linalg import eigsh
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from kupec.assistant.understanding.grams import words
from kupec.kit.encoder import Encoder, Rows, open_encoder

ALONE = -1
"""The label of a text that is like no other."""
MOST = 5000
"""Distinct texts that are compared each with each; of more, so many spread evenly are, and the rest joins them."""
_NEIGHBOURS = 10
_APART = 0.5
"""The cosine distance at which heaps are left apart when nobody says how many there are."""
_PHRASES = 5
_LONGEST = 3

Matrix = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def cluster(texts: Sequence[str], *, encoder: Encoder | None = None, clusters: int | None = None) -> list[int]:
    """A label for each text, 0 for the largest heap; the same texts get the same labels, whatever else runs.

    `clusters` says how many heaps; None lets the texts decide, and who is like nobody is `ALONE`.
    """
    plain = [" ".join(words(text)) for text in texts]
    distinct = sorted(set(plain))
    if len(distinct) < 3 or (clusters is not None and clusters >= len(distinct)):
        found = np.arange(len(distinct))
    else:
        written = dict(zip(reversed(plain), reversed(texts), strict=True))
        meant = None if encoder is None else encoder.encode([written[text] for text in distinct])
        found = _of_distinct(distinct, meant, clusters)
    of_plain = dict(zip(distinct, found, strict=True))
    return _by_size([int(of_plain[text]) for text in plain], alone=clusters is None)


def _by_size(labels: Sequence[int], *, alone: bool) -> list[int]:
    many = Counter(labels)
    order = sorted((label for label in many if not alone or many[label] > 1), key=lambda label: (-many[label], label))
    places = {label: place for place, label in enumerate(order)}
    return [places.get(label, ALONE) for label in labels]


def _of_distinct(texts: Sequence[str], meant: Rows | None, clusters: int | None) -> Labels:
    spread = np.unique(np.linspace(0, len(texts) - 1, min(len(texts), MOST)).astype(int))
    near = _features(texts)
    if meant is not None:
        near = normalize(hstack([near, meant.astype(np.float64)]).tocsr())
    laid = _laid_out(near[spread], max(len(spread) // 10, 10) if clusters is None else clusters)
    labels = _joined(laid, clusters)
    if len(spread) == len(texts):
        return labels
    centres = normalize(csr_matrix((np.ones(len(spread)), (labels, np.arange(len(spread))))) @ near[spread])
    everyone: Labels = np.asarray((near @ centres.T).argmax(axis=1)).ravel()
    everyone[spread] = labels
    return everyone


def _features(texts: Sequence[str]) -> csr_matrix:
    """Words and pairs of words beside groups of characters, which carry most where words are inflected."""
    said = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, tokenizer=str.split, token_pattern=None, dtype=np.float64
    )
    spelt = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, dtype=np.float64)
    return normalize(hstack([said.fit_transform(texts), 1.5 * spelt.fit_transform(texts)]).tocsr())


def _laid_out(near: csr_matrix, dimensions: int) -> Matrix:
    """Where each text lies by the leading eigenvectors of the graph of the nearest, the stronger counting more."""
    many = near.shape[0]
    like = (near @ near.T).toarray()
    np.fill_diagonal(like, 0)
    each = min(_NEIGHBOURS, many - 1)
    nearest = np.argpartition(-like, each - 1, axis=1)[:, :each]
    rows = np.repeat(np.arange(many), each)
    graph = csr_matrix((like[rows, nearest.ravel()], (rows, nearest.ravel())), shape=(many, many))
    graph = graph.maximum(graph.T)
    degrees = np.asarray(graph.sum(axis=1)).ravel()
    scale = diags(1 / np.sqrt(degrees + 1e-3 * degrees.mean() + 1e-9))
    wanted = min(max(dimensions, 2), many - 2)
    values, vectors = eigsh(scale @ graph @ scale, k=max(wanted, 1), which="LA", v0=np.ones(many), tol=1e-3)
    laid: Matrix = normalize(vectors * np.maximum(values, 0) ** 2)
    return laid


def _joined(laid: Matrix, clusters: int | None) -> Labels:
    apart = 1 - (laid @ laid.T)[np.triu_indices(len(laid), 1)]
    tree = linkage(apart.clip(min=0), "average")
    cut = fcluster(tree, _APART, "distance") if clusters is None else fcluster(tree, clusters, "maxclust")
    labels: Labels = cut.astype(np.int64) - 1
    return labels


def telling(texts: Sequence[str], labels: Sequence[int]) -> dict[int, list[str]]:
    """What each heap is about in the customers' own words: the most typical text first, then its telling phrases."""
    heaps: dict[int, list[int]] = {}
    for place, label in enumerate(labels):
        if label != ALONE:
            heaps.setdefault(label, []).append(place)
    said = [_phrases(text) for text in texts]
    everywhere = Counter(phrase for phrases in said for phrase in phrases)
    return {label: _told(heaps[label], texts, said, everywhere) for label in sorted(heaps)}


def _told(
    members: Sequence[int], texts: Sequence[str], said: Sequence[set[str]], everywhere: Counter[str]
) -> list[str]:
    here = Counter(phrase for place in members for phrase in said[place])
    worth = {
        phrase: count / len(members) * np.log(1 + len(texts) / everywhere[phrase]) * (1 + 0.3 * phrase.count(" "))
        for phrase, count in here.items()
    }
    typical = max(
        members,
        key=lambda place: (sum(worth[phrase] for phrase in said[place]) / (4 + len(said[place])), -place),
    )
    chosen: list[str] = []
    for phrase in sorted(worth, key=lambda phrase: (-worth[phrase], phrase)):
        taken = set(phrase.split())
        if (here[phrase] > 1 or len(members) == 1) and all(not taken & set(other.split()) for other in chosen):
            chosen.append(phrase)
        if len(chosen) == _PHRASES - 1:
            break
    return [texts[typical].strip(), *chosen]


def _phrases(text: str) -> set[str]:
    found = words(text)
    pairs = {f"{one} {two}" for one, two in pairwise(found)}
    return {*found, *pairs, *(" ".join(found[at : at + _LONGEST]) for at in range(len(found) - _LONGEST + 1))}


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a process of its own is asked to cluster, as JSON on its standard input."""

    texts: list[str]
    clusters: int | None = None
    encoder: Path | None = None
    """The directory of an encoder (`kit/encoder.py`)."""


class Heaps(msgspec.Struct, frozen=True, kw_only=True):
    """What it answers, as JSON on its standard output."""

    labels: list[int]
    telling: dict[int, list[str]]


def main() -> None:
    """`python -m kupec.assistant.understanding.clustering`: an `Order` in, `Heaps` out."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    encoder = None if order.encoder is None else open_encoder(order.encoder)
    labels = cluster(order.texts, encoder=encoder, clusters=order.clusters)
    sys.stdout.buffer.write(msgspec.json.encode(Heaps(labels=labels, telling=telling(order.texts, labels))))


if __name__ == "__main__":
    main()
