"""Figures are what their plain definitions say; files of any form are read; what is wrong is told by line and field."""

import gzip
import io
import json
import math
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.app import cli, evaluating
from kupec.assistant.understanding.evaluation import __main__ as worker
from kupec.assistant.understanding.evaluation import intents as asking
from kupec.assistant.understanding.evaluation.files import BadFile, Columns, Labelled, read_labelled
from kupec.assistant.understanding.evaluation.intents import OUTSIDE, Sets, evaluate_intents
from kupec.assistant.understanding.evaluation.metrics import (
    adjusted_rand,
    at_threshold,
    auroc,
    best_threshold,
    calibration_error,
    macro_f1,
    mcc,
    mutual_information,
)
from kupec.assistant.understanding.evaluation.serving import Cost
from kupec.assistant.understanding.evaluation.trained import train_from

LABELS = st.sampled_from("abcd")
PAIRS = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=30)
SCORES = st.integers(0, 8).map(lambda number: number / 8)


@given(PAIRS)
def test_figures_over_labels_are_what_their_definitions_say(pairs: list[tuple[str, str]]) -> None:
    true, said = [one for one, _ in pairs], [other for _, other in pairs]
    each = []
    for label in set(true) | set(said):
        hits = sum(one == other == label for one, other in pairs)
        precision, recall = hits / max(said.count(label), 1), hits / max(true.count(label), 1)
        each.append(2 * precision * recall / (precision + recall) if hits else 0.0)
    assert macro_f1(true, said) == pytest.approx(sum(each) / len(each))

    # Gorodkin's R_K is Pearson's correlation of the two matrices of zeros and ones.
    def spread(ones: list[str], others: list[str]) -> float:
        many = len(ones)
        both = sum(one == other for one, other in zip(ones, others, strict=True)) / many
        return both - sum(ones.count(label) * others.count(label) for label in "abcd") / many**2

    under = math.sqrt(spread(true, true) * spread(said, said))
    assert mcc(true, said) == pytest.approx(spread(true, said) / under if under else 0.0)

    same = [(one[0] == other[0], one[1] == other[1]) for one, other in combinations(pairs, 2)]
    together, in_true, in_said = sum(a and b for a, b in same), sum(a for a, _ in same), sum(b for _, b in same)
    chance = in_true * in_said / len(same) if same else 0.0
    most = (in_true + in_said) / 2
    assert adjusted_rand(true, said) == pytest.approx((together - chance) / (most - chance) if most != chance else 1.0)
    assert 0 <= mutual_information(true, said) <= 1 + 1e-9
    assert mutual_information(true, [label.upper() for label in true]) == pytest.approx(1.0)


@given(st.lists(st.tuples(SCORES, st.booleans()), min_size=1, max_size=20), st.lists(SCORES, min_size=1, max_size=20))
def test_figures_over_scores_are_what_their_definitions_say(
    inside: list[tuple[float, bool]], outside: list[float]
) -> None:
    known, right = [score for score, _ in inside], [hit for _, hit in inside]
    won = sum((one > other) + (one == other) / 2 for one in known for other in outside)
    assert auroc([*known, *outside], [True] * len(known) + [False] * len(outside)) == pytest.approx(
        won / len(known) / len(outside)
    )

    def worth(threshold: float) -> float:
        cut = at_threshold(known, right, outside, threshold)
        return cut.in_scope_accuracy + cut.oos_recall

    chosen = best_threshold(known, right, outside)
    # Never to turn anything away is what a threshold of the lowest score does; no other place may be better.
    assert worth(chosen) == pytest.approx(max(worth(score) for score in {*known, *outside}))
    apart = 0.0
    for low in range(15):
        here = [(s, hit) for s, hit in inside if low / 15 < s <= (low + 1) / 15 or (s == 0 and low == 0)]
        apart += abs(sum(hit - s for s, hit in here))
    assert calibration_error(known, right) == pytest.approx(apart / len(inside))


FORMS = {
    "plain.csv": b'text,intent\nhello,greet\n"see you, ""soon""",bye\n',
    "bom_crlf_order_extra.csv": b'\xef\xbb\xbfLabel;n;Text\r\ngreet;1;hello\r\n\r\nbye;2;"see you, ""soon"""\r\n',
    "list.json": b'[{"text": "hello", "intent": "greet"},\n {"intent": "bye", "text": "see you, \\"soon\\""}]',
    "pairs.json": b'[["hello", "greet"], ["see you, \\"soon\\"", "bye"]]',
    "lines.jsonl": b'{"text": "hello", "intent": "greet"}\n\n{"intent": "bye", "text": "see you, \\"soon\\""}\n',
    "wide.csv": 'text\tintent\r\nhello\tgreet\r\nsee you, "soon"\tbye\r\n'.encode("utf-16"),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_a_file_gives_the_same_texts(tmp_path: Path, name: str) -> None:
    expected = [Labelled(text="hello", intent="greet"), Labelled(text='see you, "soon"', intent="bye")]
    for path, data in ((tmp_path / name, FORMS[name]), (tmp_path / f"{name}.gz", gzip.compress(FORMS[name]))):
        path.write_bytes(data)
        assert read_labelled(path) == expected


def test_what_is_wrong_is_told_by_line_and_field_all_at_once(tmp_path: Path) -> None:
    table = tmp_path / "bad.csv"
    table.write_text('text,intent\nfine,a\n,a\nno label,\nso, many, fields\n"never closed,a\n')
    with pytest.raises(BadFile) as bad:
        read_labelled(table)
    assert [(fault.line, fault.field) for fault in bad.value.faults] == [(3, "text"), (4, "intent"), (5, ""), (6, "")]
    assert "expected" in bad.value.message
    left_out: list[object] = []
    table.write_text("text,intent\nfine,a\n,a\n")
    assert len(read_labelled(table, left_out=left_out)) == 1  # type: ignore[arg-type]
    assert len(left_out) == 1

    table.write_bytes(b"utterance,mood\nfine,a\n")
    with pytest.raises(BadFile, match="line 1, field “intent”: no column is called so"):
        read_labelled(table)
    assert read_labelled(table, columns=Columns(label="mood"))[0].intent == "a"
    table.write_bytes("text,intent\nfine,a\np\u0159\u00edklad,b\n".encode("cp1250"))
    with pytest.raises(BadFile, match="line 3: is not UTF-8"):
        read_labelled(table)

    lines = tmp_path / "bad.json"
    lines.write_text('[{"text": "a", "intent": "x"},\n {"text": "b"},\n {"text": {}, "intent": "x"},\n 7')
    with pytest.raises(BadFile) as bad:
        read_labelled(lines)
    assert [(fault.line, fault.field) for fault in bad.value.faults] == [(2, "intent"), (3, "text"), (4, ""), (4, "")]
    table.write_text("text,intent\n" + ",x\n" * 50)
    with pytest.raises(BadFile, match="and 30 more"):
        read_labelled(table)


def _said(intent: str, *texts: str) -> list[Labelled]:
    return [Labelled(text=text, intent=intent) for text in texts]


TRAINING = [
    *_said("shipping", "how much is delivery", "what does shipping cost", "price of delivery", "delivery fee"),
    *_said("where", "where is my parcel", "track my order", "when does my parcel come", "my parcel has not come"),
    *_said("lone", "opening hours"),
]


def test_any_test_is_judged_and_said_what_is_odd_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cost = Cost(p50_ms=1, p95_ms=1, memory_mb=1, model_mb=1)
    monkeypatch.setattr(asking, "serving_cost", lambda *_: cost)
    test = [
        *_said("shipping", "what is the price of shipping", "how much is delivery"),
        *_said("where", "where is the parcel"),
        *_said("never trained", "sing me a song"),
        *_said(OUTSIDE, "xyzzy plugh", "qwrtz"),
    ]
    report = evaluate_intents(Sets(train=[*TRAINING, *TRAINING[:2]], test=test))
    assert (report.asked, report.asked_outside, report.intents) == (4, 2, 3)
    assert report.accuracy == 0.75
    assert report.auroc == 1.0
    assert [one.chosen_on for one in report.rejecting] == ["training"]
    assert report.rejecting[0].oos_recall == 1.0
    told = " ".join(report.notes)
    for odd in ("never trained", "1 test texts stand", "2 training rows are there more", "single example"):
        assert odd in told
    chosen = evaluate_intents(
        Sets(train=TRAINING, test=test, valid=test[:2], oos_valid=[Labelled(text="what a lovely day")])
    )
    assert [one.chosen_on for one in chosen.rejecting] == ["validation", "training"]
    with pytest.raises(BadFile, match="fewer than two intents"):
        evaluate_intents(Sets(train=TRAINING[:3], test=test))


def test_the_same_phrases_in_any_order_make_the_same_model() -> None:
    one, other = train_from(TRAINING), train_from([*reversed(TRAINING), TRAINING[0]])
    assert one.data == other.data
    assert (one.report.sha256, one.report.phrases) == (other.report.sha256, 9)
    assert one.report.intents == len(Counter(row.intent for row in TRAINING))


def test_a_bad_file_ends_the_command_with_2_and_a_good_one_leaves_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def in_this_process(_command: object, *, input: bytes, **_rest: object) -> SimpleNamespace:  # noqa: A002
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(input)))
        return SimpleNamespace(returncode=worker.main())

    def kupec(*words: str) -> object:
        with pytest.raises(SystemExit) as ended:
            cli.main(["evaluate", *words])
        return ended.value.code

    monkeypatch.setattr(evaluating.subprocess, "run", in_this_process)
    good, bad, out = tmp_path / "good.csv", tmp_path / "bad.csv", tmp_path / "out.json"
    good.write_text("text,intent\n" + "\n".join(f"{row.text},{row.intent}" for row in TRAINING))
    bad.write_text("text,intent\n,x\n")
    assert kupec("retrieval", "--train", str(good), "--test", str(bad)) == 2
    assert "bad.csv: there is no text in it" in capsys.readouterr().err
    assert kupec("retrieval", "--train", str(good), "--test", str(good), "--json", str(out)) == 0
    assert json.loads(out.read_text())["first"] == 1.0
    assert "R@1" in capsys.readouterr().out
    assert kupec("clusters", "--test", str(good), "--clusters", "2", "--json", str(out)) == 0
    assert json.loads(out.read_text())["found"] == 2
    assert kupec("language", "--test", f"en={good}", "--without-accents") == 0
    assert "without accents: en" in capsys.readouterr().out
