"""The simulation of the learning loop, on a small shop: what `python -m bench learning` runs must not rot."""

from itertools import product
from xml.etree import ElementTree

import pytest

from bench import learning, learning_point
from bench.learning import NONE, Asked, Shop, _reviewed, simulate
from bench.learning_curve import curve
from bench.learning_point import point

ABOUT = {
    "parcel": ("where is my parcel", "track the parcel", "parcel has not arrived"),
    "invoice": ("send me the invoice", "I need an invoice", "invoice for my company"),
    "bitter": ("my coffee is bitter", "why is espresso so bitter", "bitter taste in the cup"),
    "return": ("I want to return the grinder", "how do returns work", "send goods back for return"),
    "descale": ("how do I descale the machine", "descaling the machine", "machine asks for descaling"),
}
TAILS = ("", "please", "today", "can you help", "again", "since Monday", "for order nine", "quickly")


def test_a_week_of_reviews_makes_a_shop_know_what_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "point", lambda *_, **__: 0.4)
    every = [
        (f"{said} {tail}".strip(), intent) for intent, says in ABOUT.items() for said, tail in product(says, TAILS)
    ]
    begin = [one for one in every if one[1] in ("parcel", "invoice") and one[0] in ABOUT[one[1]]]
    rest = [one for one in every if one not in begin]
    first, second = simulate([rest[::2], rest[1::2]], begin, reviews=25)
    assert (first.intents, second.intents) == (2, len(ABOUT))
    assert second.right > first.right + 0.3
    assert second.wrong <= first.wrong < 0.05
    drawn = ElementTree.fromstring(curve({"SHOP": [(week.right, week.wrong) for week in (first, second)]}))
    assert f"SHOP: right {first.right:.0%} to {second.right:.0%}" in "".join(drawn.itertext())


def asked(text: str, meant: str, *, guess: str = "", known: float = 0.0) -> Asked:
    return Asked(text=text, meant=meant, week=0, guess=guess, known=known)


def test_a_review_takes_out_the_wrong_ones_that_are_seen_and_learns_the_unseen() -> None:
    shop = Shop(phrases=[])
    heap = [*(asked(f"parcel {n}", "parcel") for n in range(9)), *(asked(f"odd {n}", "odd") for n in range(6))]
    done, told = _reviewed(shop, heap)
    assert [one.text for one in done] == [f"parcel {n}" for n in range(9)] + ["odd 3", "odd 4", "odd 5"]
    assert {one.meant for one in told} == {"parcel"}
    assert {intent for _, intent in shop.phrases} == {"parcel"}
    assert any(text.startswith("odd") for text, _ in shop.phrases), "nobody read so far down"
    assert _reviewed(shop, [asked("a", "x"), asked("b", "y"), asked("c", "z")])[1] == [], "too mixed: dismissed"
    _reviewed(shop, [asked("who won the match", NONE)])
    assert shop.outside == ["who won the match"]


def test_the_point_rises_where_people_saw_wrong_answers_and_sinks_no_further_than_they_looked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(learning_point, "_by_phrases", lambda *_: [(0.9, False, 0.5), (0.2, False, 0.5)])
    wrong = learning_point.Told(asked=asked("a", "x", guess="y", known=0.7), weight=0.1)
    right = learning_point.Told(asked=asked("b", "x", guess="x", known=0.6), weight=0.1)
    assert point([], [wrong, right], 0.5, before=0.75, is_young=False, encoder=None) == pytest.approx(0.7, abs=1e-5)
    assert point([], [right], 0.5, before=0.75, is_young=False, encoder=None) == pytest.approx(0.7)
    assert point([], [right], 0.5, before=0.75, is_young=True, encoder=None) == pytest.approx(0.725)
