"""`kupec evaluate` and `kupec train`: the understanding, asked and trained (docs/understanding.md); how buyers choose.

The work is done in a process of its own, on one core: what trains carries libraries that nothing else needs.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from kupec.app import training
from kupec.kit.apart import ONE_CORE

_WORKER = "kupec.assistant.understanding.evaluation"
_CHOOSING = "kupec.machines.choice.evaluation"
_FORMS = "CSV with a header “text,intent”, JSON or JSON lines, also .gz"


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Puts `evaluate` and `train` among the commands."""
    _add_train(commands)
    parser = commands.add_parser("evaluate", help="how good the understanding is on your texts (docs/understanding.md)")
    what = parser.add_subparsers(title="what", required=True, metavar="WHAT", dest="what")
    _add_intents(what)
    _add_retrieval(what)
    _add_clusters(what)
    _add_language(what)
    _add_all(what)
    _add_choice(what)


def _add_choice(what: Any) -> None:
    choices = what.add_parser("choice", help="how buyers choose, on published choices (docs/algorithms/choice.md)")
    choices.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder with the published files")
    choices.add_argument("--json", type=Path, metavar="OUT", help="write all figures there, too")
    choices.set_defaults(run=_choice)


def _choice(options: argparse.Namespace) -> int:
    order = {"data": str(options.data), "report": str(options.json or "")}
    return hand_over(order, worker=_CHOOSING)


def _add_intents(what: Any) -> None:
    intents = _form(what, "intents", "train on one file, ask another")
    _file(intents, "train", required=True, told=f"what to learn: {_FORMS}")
    _file(intents, "test", required=True, told="what to ask; texts out of scope may stand in it, see --oos-label")
    _file(intents, "oos", told="texts that mean none of the intents, to be asked")
    _file(intents, "valid", told="texts in scope to choose the threshold on")
    _file(intents, "oos-valid", told="texts out of scope to choose the threshold on")
    _file(intents, "oos-train", told="texts out of scope to learn what to turn away")
    intents.add_argument(
        "--oos-label",
        action="append",
        default=[],
        metavar="LABEL",
        help="an intent that says “none of ours” (default: NO_NODES_DETECTED, oos, ood, out_of_scope)",
    )


def _add_retrieval(what: Any) -> None:
    finding = _form(what, "retrieval", "find documents by questions")
    _file(
        finding,
        "train",
        required=True,
        told="documents: rows with one label are one (also a column “answer”), or threads as JSON",
    )
    _file(finding, "test", told="queries, each labelled with its document")
    _file(finding, "oos", told="queries that no document answers")
    finding.add_argument("--language", default="en", help="whose words are stemmed: cs, pl, en (default: %(default)s)")


def _add_language(what: Any) -> None:
    language = _form(what, "language", "recognise languages")
    for name in ("train", "test"):
        language.add_argument(
            f"--{name}",
            nargs="+",
            required=name == "test",
            metavar="[xx=]FILE",
            help="a file labelled with languages, or xx=FILE for texts that are all in xx (also .txt, a text a line)",
        )
    language.add_argument("--without-accents", action="store_true", help="ask a second time with all accents gone")


def _add_clusters(what: Any) -> None:
    groups = _form(what, "clusters", "gather what means the same")
    _file(groups, "test", required=True, told="texts with the intents that the groups are compared with")
    groups.add_argument("--clusters", type=int, metavar="K", help="how many groups (default: the texts decide)")


def _add_all(what: Any) -> None:
    everything = what.add_parser("all", help="the goals' table on a folder of public sets (docs/understanding.md)")
    everything.add_argument("--data", type=Path, required=True, metavar="DIR")
    everything.add_argument("--encoder", type=Path, metavar="DIR", help="then a second time with a sentence encoder")
    everything.add_argument("--json", type=Path, metavar="OUT", help="write all figures there, too")
    everything.set_defaults(run=run)


def _add_train(commands: Any) -> None:
    parser = commands.add_parser("train", help="train the bot anew, from what is published or from a file")
    parser.add_argument("--phrases", type=Path, metavar="F", help=f"instead of what is published: {_FORMS}")
    parser.add_argument("--oos-train", type=Path, metavar="F", help="with --phrases: texts that mean none of them")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the model there")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the report there, too")
    parser.add_argument("--encoder", type=Path, metavar="DIR", help="with --phrases: a sentence encoder")
    parser.add_argument("--text-column", default="", metavar="NAME", help="where it is not called “text”")
    parser.add_argument("--label-column", default="", metavar="NAME", help="where it is not called “intent”")
    parser.set_defaults(run=_train, what="train")


def _train(options: argparse.Namespace) -> int:
    if options.phrases is None:
        return training.train_shop(options.out, options.json)
    options.train = options.phrases
    return run(options)


def _form(what: Any, name: str, told: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = what.add_parser(name, help=told)
    parser.add_argument("--json", type=Path, metavar="OUT", help="write all figures there, too")
    parser.add_argument("--encoder", type=Path, metavar="DIR", help="a sentence encoder (docs/encoder.md)")
    parser.add_argument("--text-column", default="", metavar="NAME", help="where it is not called “text”")
    parser.add_argument("--label-column", default="", metavar="NAME", help="where it is not called “intent”")
    parser.set_defaults(run=run)
    return parser


def _file(parser: argparse.ArgumentParser, name: str, *, told: str, required: bool = False) -> None:
    parser.add_argument(f"--{name}", type=Path, metavar="F", required=required, help=told)


def run(options: argparse.Namespace) -> int:
    """Hand the order over; the answer is the process's own. 2 where a file is bad."""
    given = {name: value for name, value in vars(options).items() if value}
    order = {
        "what": options.what,
        "files": {
            name: str(given[name])
            for name in ("train", "test", "oos", "valid", "oos_valid", "oos_train")
            if isinstance(given.get(name), Path)
        },
        "lists": {name: given[name] for name in ("train", "test") if isinstance(given.get(name), list)},
        "text_column": given.get("text_column", ""),
        "label_column": given.get("label_column", ""),
        "outside_labels": given.get("oos_label", []),
        "clusters": given.get("clusters"),
        "without_accents": given.get("without_accents", False),
        "language": given.get("language", "en"),
        "encoder": str(given.get("encoder", "")),
        "data": str(given.get("data", "")),
        "into": str(given.get("out", "")),
        "report": str(given.get("json", "")),
    }
    return hand_over(order)


def hand_over(order: dict[str, Any], *, worker: str = _WORKER) -> int:
    """Runs the worker with this order; its exit status."""
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", worker],
        input=msgspec.json.encode(order),
        env={**os.environ, **ONE_CORE},
        check=False,
    )
    return done.returncode
