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
from scipy.linalg import eigh
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
_LEAST, _MOST = 5, 15
"""Neighbours of a text in the graph: a quarter of the root of how many texts there are, within these."""
_DIMENSIONS, _FEW = 250, 400
"""Eigenvectors at most, and up to how many texts all are computed outright."""
_TELLS = 0.6
"""The least eigenvalue that tells of a heap: one that holds together rather than touches others."""
_SPELT = 1.5
"""What groups of characters weigh beside words…"""
_WRITTEN = 0.25
"""…and both beside the rows of an encoder."""
_APART, _STRANGE = 0.3, 0.1
"""When nobody says how many: the cosine distance at which heaps are left apart, and how alike nobody is."""
_PHRASES = 5
_LONGEST = 3

Matrix = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def cluster(texts: Sequence[str], *, encoder: Encoder | None = None, clusters: int | None = None) -> list[int]:
    """A label for each text, 0 for the largest heap, of two the one that begins first; the same texts, the same heaps.

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
    order = sorted((label for label in many if not alone or many[label] > 1), key=lambda label: -many[label])
    places = {label: place for place, label in enumerate(order)}
    return [places.get(label, ALONE) for label in labels]


def _of_distinct(texts: Sequence[str], meant: Rows | None, clusters: int | None) -> Labels:
    written = _written(texts)
    rows = None if meant is None else normalize(meant.astype(np.float64))
    spread = np.unique(np.linspace(0, len(texts) - 1, min(len(texts), MOST)).astype(int))
    alike = _alike(written, rows, spread)
    labels = _joined(_laid_out(alike), clusters)
    if clusters is None:
        labels = _strays_apart(labels, alike)
    if len(spread) == len(texts):
        return labels
    # The sum of the likeness to all of a heap's members is the likeness to its centre: no more than one row a heap.
    heaps = csr_matrix((np.ones(len(spread)), (labels, np.arange(len(spread)))))
    everyone: Labels = np.asarray((written @ normalize(heaps @ written[spread]).T).todense())
    if rows is not None:
        everyone = _WRITTEN * everyone + rows @ normalize(heaps @ rows[spread]).T
    everyone = everyone.argmax(axis=1)
    everyone[spread] = labels
    return everyone


def _written(texts: Sequence[str]) -> csr_matrix:
    """Words and pairs of words beside groups of characters, which carry most where words are inflected."""
    said = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, tokenizer=str.split, token_pattern=None, dtype=np.float64
    )
    spelt = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, dtype=np.float64)
    return normalize(hstack([said.fit_transform(texts), _SPELT * spelt.fit_transform(texts)]).tocsr())


def _alike(written: csr_matrix, meant: Matrix | None, spread: npt.NDArray[np.int64]) -> Matrix:
    """How alike each is to each. With an encoder meaning counts most, and small differences of it count."""
    alike: Matrix = (written[spread] @ written[spread].T).toarray()
    if meant is not None:
        alike = (_WRITTEN * alike + meant[spread] @ meant[spread].T).clip(min=0) ** 2
    np.fill_diagonal(alike, 0)
    return alike


def _laid_out(alike: Matrix) -> Matrix:
    """Where each text lies by the eigenvectors of the graph of the nearest that tell of heaps, the stronger more."""
    many = len(alike)
    each = min(max(_LEAST, min(_MOST, round(many**0.5 / 4))), many - 1)
    nearest = np.argpartition(-alike, each - 1, axis=1)[:, :each]
    rows = np.repeat(np.arange(many), each)
    graph = csr_matrix((alike[rows, nearest.ravel()], (rows, nearest.ravel())), shape=(many, many))
    graph = graph.maximum(graph.T)
    degrees = np.asarray(graph.sum(axis=1)).ravel()
    scale = diags(1 / np.sqrt(degrees + 1e-3 * degrees.mean() + 1e-9))
    wanted = max(min(many // 3, _DIMENSIONS, many - 2), 1)
    evened = scale @ graph @ scale
    if many <= _FEW:
        values, vectors = eigh(evened.toarray(), subset_by_index=(many - wanted, many - 1))
    else:
        values, vectors = eigsh(evened, k=wanted, which="LA", v0=np.ones(many), tol=1e-3, rng=np.random.default_rng(0))
    strong = values >= min(_TELLS, np.sort(values)[-3:][0])
    values, vectors = values[strong], vectors[:, strong]
    laid: Matrix = normalize(vectors * np.maximum(values, 0) ** 2)
    return laid


def _joined(laid: Matrix, clusters: int | None) -> Labels:
    apart = 1 - (laid @ laid.T)[np.triu_indices(len(laid), 1)]
    tree = linkage(apart.clip(min=0), "average")
    cut = fcluster(tree, _APART, "distance") if clusters is None else fcluster(tree, clusters, "maxclust")
    labels: Labels = cut.astype(np.int64) - 1
    return labels


def _strays_apart(labels: Labels, alike: Matrix) -> Labels:
    """The graph gives everybody neighbours; who is hardly like any other of the heap gets one alone."""
    nearest = (alike * (labels[:, None] == labels)).max(axis=1)
    return np.where(nearest < _STRANGE, labels.max() + 1 + np.arange(len(labels)), labels)


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
