"""Does what the order on standard input says, prints tables, writes the report; ends with 2 where a file is bad."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from kupec.assistant.understanding.evaluation import tables
from kupec.assistant.understanding.evaluation.clusters import evaluate_clusters
from kupec.assistant.understanding.evaluation.files import BadFile, Columns, Fault, Labelled, read_each, read_labelled
from kupec.assistant.understanding.evaluation.goals import Goal, Means, goals
from kupec.assistant.understanding.evaluation.intents import OUTSIDE_LABELS, Sets, evaluate_intents
from kupec.assistant.understanding.evaluation.languages import evaluate_languages
from kupec.assistant.understanding.evaluation.orders import Order
from kupec.assistant.understanding.evaluation.remembering import Remembering
from kupec.assistant.understanding.evaluation.retrieval import documents, evaluate_retrieval, threads
from kupec.assistant.understanding.evaluation.trained import train_from
from kupec.kit.encoder import Encoder, open_encoder
from kupec.kit.errors import KupecError

_SHOWN = 20
_TEXTS_ONLY = frozenset({"oos", "oos_train", "oos_valid"})


def main() -> int:
    """0 done, 1 impossible here, 2 a file is bad."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    try:
        report = _WORK[order.what](order)
        if order.report:
            _write(Path(order.report), report)
    except BadFile as bad:
        print(f"kupec: {bad.message}", file=sys.stderr)
        return 2
    except KupecError as error:
        print(f"kupec: {error.message}", file=sys.stderr)
        return 1
    return 0


def _write(path: Path, report: Any) -> None:
    _write_bytes(path, msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")


def _write_bytes(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        reason = f"cannot be written: {error.strerror}"
        raise BadFile([Fault(file=path.name, line=0, field="", reason=reason)]) from error


def _files(order: Order) -> dict[str, list[Labelled]]:
    columns = Columns(text=order.text_column, label=order.label_column)

    left_out: list[Fault] = []

    def read(name: str, path: Path) -> list[Labelled]:
        return read_labelled(path, columns=columns, needs_label=name not in _TEXTS_ONLY, left_out=left_out)

    rows = read_each({name: Path(path) for name, path in order.files.items()}, read)
    # Public sets have rows without words; there is nothing to learn from them, nor to ask.
    for fault in left_out[:_SHOWN]:
        print(f"left out: {fault}", file=sys.stderr)
    if len(left_out) > _SHOWN:
        print(f"left out: {len(left_out) - _SHOWN:,} more", file=sys.stderr)
    return rows


def _intents(order: Order) -> Any:
    rows = _files(order)
    sets = Sets(**rows, outside_labels=order.outside_labels or OUTSIDE_LABELS)
    report = evaluate_intents(sets, encoder=_encoder(order), encoder_at=Path(order.encoder) if order.encoder else None)
    tables.show_intents(report)
    return report


def _retrieval(order: Order) -> Any:
    whole = threads(Path(order.files["train"]))
    if whole is not None:
        rest = {name: path for name, path in order.files.items() if name == "oos"}
        outside = _files(msgspec.structs.replace(order, files=rest)).get("oos", [])
        sources, asked = whole
    else:
        if "test" not in order.files:
            reason = "holds documents only; expected --test with queries (or threads in StackFAQ's form)"
            raise BadFile([Fault(file=Path(order.files["train"]).name, line=0, field="", reason=reason)])
        rows = _files(order)
        sources, asked, outside = documents(rows["train"]), rows["test"], rows.get("oos", [])
    report = evaluate_retrieval(sources, asked, outside, language=order.language, encoder=_encoder(order))
    tables.show_retrieval(report)
    return report


def _languages(order: Order) -> Any:
    rows = {name: _by_language(order, said) for name, said in order.lists.items()}
    report = evaluate_languages(rows.get("train", []), rows["test"], without_accents=order.without_accents)
    tables.show_languages(report)
    return report


def _by_language(order: Order, said: Sequence[str]) -> list[Labelled]:
    """Rows of "xx=FILE" (each text in xx) and of FILE (which says the language itself)."""
    columns = Columns(text=order.text_column, label=order.label_column)
    named = {one: one.partition("=") for one in said}

    def read(name: str, path: Path) -> list[Labelled]:
        language = named[name][0] if named[name][1] else ""
        rows = read_labelled(path, columns=columns, needs_label=not language)
        return [Labelled(text=row.text, intent=language or row.intent) for row in rows]

    read_all = read_each({one: Path(path or before) for one, (before, _, path) in named.items()}, read)
    return [row for rows in read_all.values() for row in rows]


def _clusters(order: Order) -> Any:
    report = evaluate_clusters(_files(order)["test"], clusters=order.clusters, encoder=_encoder(order))
    tables.show_clusters(report)
    return report


def _goals(order: Order) -> Any:
    """Everything without an encoder, then, where there is one, with it."""
    data = Path(order.data)
    if not data.is_dir():
        raise BadFile([Fault(file=order.data, line=0, field="", reason="is no folder; expected the public sets in it")])
    told: dict[str, list[Goal]] = {}
    ways: list[tuple[str, Encoder | None]] = [("lexical", None)]
    if order.encoder:
        ways.append(("with encoder", Remembering(open_encoder(order.encoder))))
    for name, encoder in ways:
        table = tables.GoalsTable(name if encoder is None else f"{name} {encoder.name}")
        told[name] = []
        for goal in goals(Means(data=data, encoder=encoder, encoder_at=Path(order.encoder) if encoder else None)):
            table.add(goal)
            told[name].append(goal)
    return told


def _encoder(order: Order) -> Encoder | None:
    return Remembering(open_encoder(order.encoder)) if order.encoder else None


def _train(order: Order) -> Any:
    """A model of a file's phrases into a file; the same phrases make the same bytes."""
    columns = Columns(text=order.text_column, label=order.label_column)

    def read(name: str, path: Path) -> list[Labelled]:
        return read_labelled(path, columns=columns, needs_label=name not in _TEXTS_ONLY)

    rows = read_each({name: Path(path) for name, path in order.files.items()}, read)
    trained = train_from(rows["train"], rows.get("oos_train", []), encoder=_encoder(order))
    if order.into:
        _write_bytes(Path(order.into), trained.data)
    tables.show_training(trained.report, order.into)
    return trained.report


_WORK = {
    "train": _train,
    "intents": _intents,
    "retrieval": _retrieval,
    "clusters": _clusters,
    "language": _languages,
    "all": _goals,
}

if __name__ == "__main__":
    sys.exit(main())
