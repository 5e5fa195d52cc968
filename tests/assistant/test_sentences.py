"""Meaning beside words: what an encoder adds to a model, and that the model stands without it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from kupec.assistant.understanding.errors import UnreadableModel
from kupec.assistant.understanding.fitting_sentences import fit_sentences, shares_of
from kupec.assistant.understanding.intents import IntentModel
from kupec.assistant.understanding.sentences import Sentences, restored, stored
from kupec.assistant.understanding.training import train
from kupec.kit.encoder import Encoder, encoder_at_hand, open_encoder, use_encoder
from tests.kit import test_encoder

ASKED = {
    "money": ("refund please", "i want my money", "where is my refund now", "give me my money", "refund my order"),
    "sending": ("where is the parcel", "parcel please", "i want a delivery", "my delivery now", "parcel of my order"),
    "paper": ("an invoice please", "where is my invoice", "bill", "i want the bill now", "invoice of my order"),
}
PHRASES = [(text, intent) for intent, texts in ASKED.items() for text in texts]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return open_encoder(test_encoder.TINY)


@pytest.fixture(scope="module")
def trained(encoder: Encoder) -> IntentModel:
    return train(PHRASES, encoder=encoder)


def first(model: IntentModel, text: str) -> str | None:
    reading = model.read(text)
    return reading.guesses[0].intent if reading.is_known else None


def test_a_word_that_nobody_has_used_is_understood_by_its_meaning(trained: IntentModel, encoder: Encoder) -> None:
    loaded = IntentModel.load(trained.dump(), encoder)
    told = {"cash": "money", "shipping": "sending", "receipt": "paper", "repay": "money", "courier": "sending"}
    assert {text: first(loaded, text) for text in told} == told
    assert loaded.threshold == trained.threshold
    assert loaded.read(" ").guesses == []
    assert trained.dump() == train(PHRASES, encoder=encoder).dump() == loaded.dump()


def test_without_its_encoder_a_model_answers_as_if_there_had_never_been_one(
    trained: IntentModel, tmp_path: Path
) -> None:
    plain = train(PHRASES)
    other = Path(shutil.copytree(test_encoder.TINY, tmp_path / "other"))
    (other / "kupec.json").write_text(json.dumps({"prefix": "parcel "}))
    for opened in (None, open_encoder(other)):
        words = IntentModel.load(trained.dump(), opened)
        assert words.encoder is None
        assert words.threshold == plain.threshold
        for text in ("refund", "cash", "parcel of my order", "where is my bill", ""):
            one, two = words.read(text), plain.read(text)
            assert [guess.intent for guess in one.guesses] == [guess.intent for guess in two.guesses]
            assert one.is_known == two.is_known
            assert one.known == pytest.approx(two.known, abs=1e-3)
        assert first(words, "cash") is None
        assert words.dump() == trained.dump(), "what it cannot use it keeps"


def test_stored_parts_that_do_not_fit_are_refused(trained: IntentModel, encoder: Encoder) -> None:
    meaning = trained.meaning
    assert meaning is not None
    for spoilt in (
        meaning.sentences._replace(phrases=meaning.sentences.phrases[1:]),
        meaning.sentences._replace(glass=meaning.sentences.glass[:, 1:]),
        meaning.sentences._replace(counts=meaning.sentences.counts * 0),
    ):
        trained.meaning = meaning._replace(sentences=spoilt)
        data = trained.dump()
        trained.meaning = meaning
        with pytest.raises(UnreadableModel, match="encoder"):
            IntentModel.load(data, encoder)


def test_what_tells_nothing_gets_no_share_and_what_tells_everything_a_bounded_one() -> None:
    chance = np.random.default_rng(0)
    answers = np.arange(300) % 3
    telling = (np.eye(3)[answers] + chance.normal(scale=0.4, size=(300, 3))).astype(np.float32)
    noise = chance.normal(size=(300, 3)).astype(np.float32)
    shares = shares_of([telling, 100 * telling + 7, noise], answers)
    assert shares[0] == pytest.approx(100 * shares[1], rel=0.05), "a judgement's scale does not matter"
    assert 0 < shares[2] < 0.1 * shares[0]
    assert 1 < shares_of([np.eye(3, dtype=np.float32)[answers][:9]], answers[:9])[0] < 20


def test_what_differs_within_intents_counts_little_and_many_are_judged_as_one() -> None:
    chance = np.random.default_rng(0)
    classes = np.repeat([0, 1], 100)
    rows = np.zeros((200, 4), dtype=np.float32)
    rows[:, 0] = np.where(classes == 0, 0.3, -0.3) + chance.normal(scale=0.1, size=200)
    rows[:, 1] = chance.normal(scale=3, size=200)
    learnt: Sentences = fit_sentences(rows, classes, np.eye(4, 2, dtype=np.float32))
    none = np.zeros((1200, 2), dtype=np.float32)
    loud = np.array([[0.3, -4, 0, 0], [-0.3, 4, 0, 0]], dtype=np.float32)
    sensed = learnt.sense(loud, none[:2])
    assert sensed.margins.argmax(axis=1).tolist() == [0, 1]
    assert sensed.signs(2).shape == (2, 3)
    assert sensed.signs(1).shape == (2, 6), "what speaks for texts from outside is told apart"
    many = learnt.sense(np.tile(rows, (6, 1)), none + 1)
    assert np.allclose(many.phrases[:200], learnt.sense(rows, none[:200]).phrases, atol=1e-5)
    assert many.margins.shape == (1200, 2)
    assert np.allclose(many.together[:200], rows[:, :2] + 1, atol=1e-6)


def test_a_model_that_was_stored_with_middles_is_read_as_it_was() -> None:
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(20, 4)).astype(np.float32)
    kept = stored(fit_sentences(rows, np.repeat([0, 1], 10), np.eye(4, 2, dtype=np.float32)))
    middles = chance.normal(size=(2, 4)).astype(np.float32)
    before = {name: array for name, array in kept.items() if name not in {"sentences weights", "sentences bias"}}
    learnt = restored({**before, "sentences middles": middles})
    seen = (rows - learnt.centre) @ learnt.glass
    nearer = ((seen[:, None] - middles) ** 2).sum(axis=2).argmin(axis=1)
    assert (learnt.sense(rows, np.zeros((20, 2), dtype=np.float32)).margins.argmax(axis=1) == nearer).all()
    with pytest.raises(KeyError):
        restored(before)


def test_a_process_opens_one_encoder_for_all_who_ask() -> None:
    assert encoder_at_hand() is None
    use_encoder(str(test_encoder.TINY))
    try:
        assert encoder_at_hand() is encoder_at_hand() is not None
    finally:
        use_encoder("")
    assert encoder_at_hand() is None
