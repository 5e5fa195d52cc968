"""The model of intents by itself: what it keeps, what it turns away, and what it does at its edges."""

import zlib

import numpy as np
import pytest

from kupec.assistant.understanding import IntentModel, UnreadableModel
from kupec.assistant.understanding.calibrating import Calibrated, Material, calibrate
from kupec.assistant.understanding.fitting import count, fit, named, vocabulary_of
from kupec.assistant.understanding.grams import take_apart, words
from kupec.assistant.understanding.intents import softmax, touch
from kupec.assistant.understanding.training import train
from tests.pace import cpu_seconds

SAID = {
    "parcel_late": "where is my parcel|my parcel is late|when will the parcel come|the package did not arrive|track it",
    "refund": "I want my money back|refund me please|when do I get the refund|return the money|how long is a refund",
    "opening_hours": "when do you open|what are your opening hours|are you open on sunday|until when is the shop open",
    "descale": "how do I descale the machine|the machine wants descaling|descaling light is on|which descaler to use",
    "change_address": "change my address|I have moved, new address|deliver it elsewhere|wrong address on the order",
    "coupon": "my coupon does not work|where do I enter the code|is there a discount code|the voucher is refused",
    "grind": "which grind for an espresso|can you grind the beans|is the coffee ground|coarse grind for a french press",
    "stock": "is the grinder in stock|when is it available again|how many are left|is this sold out",
}
PHRASES = [(text, intent) for intent, texts in SAID.items() for text in texts.split("|")]
SUBJECTS = (
    "the president",
    "a black hole",
    "my cat",
    "this poem",
    "the football match",
    "a volcano",
    "the guitar",
    "the moon",
)
OUTSIDE = [
    f"{verb} {subject}"
    for verb in (
        "tell me about",
        "who invented",
        "sing about",
        "why is there",
        "draw",
        "translate",
        "how old is",
        "do I love",
    )
    for subject in SUBJECTS
]


@pytest.fixture(scope="module")
def model() -> IntentModel:
    return train(PHRASES)


def test_what_is_kept_reads_as_what_was_trained(model: IntentModel) -> None:
    stored = model.dump()
    again = IntentModel.load(stored)
    assert again.dump() == stored
    for text in ("wher is my parcle", "do you open on monday", "black hole", ""):
        assert again.read(text, best=8) == model.read(text, best=8)
    assert sum(guess.probability for guess in model.guess("a refund", best=99)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("at", [0, 3, 16, 40, -200])
def test_a_corrupt_model_says_so(model: IntentModel, at: int) -> None:
    data = bytearray(model.dump())
    data[at] ^= 0xFF
    with pytest.raises(UnreadableModel):
        IntentModel.load(bytes(data))
    with pytest.raises(UnreadableModel):
        IntentModel.load(bytes(data[:at]))


def test_a_model_whose_parts_do_not_fit_is_not_loaded(model: IntentModel) -> None:
    torn = IntentModel(model.classes[:-2], model.vocabulary, model.views)
    with pytest.raises(UnreadableModel, match="do not fit"):
        IntentModel.load(torn.dump())
    with pytest.raises(UnreadableModel):
        IntentModel.load(b"kupec intents 2\n" + zlib.compress(b"no message pack"))


def test_training_and_reading_weigh_a_text_alike(model: IntentModel) -> None:
    texts = ["my parcel, my parcel is late", "descale descale", "nothing of this", "grind"]
    apart = [take_apart(text) for text, _ in PHRASES]
    vocabulary = vocabulary_of(apart)
    places = np.array([list(SAID).index(intent) for _, intent in PHRASES])
    fitted = fit(count(apart, vocabulary), places, len(SAID))
    reading = IntentModel(list(SAID), vocabulary, fitted.views)
    asked = count([take_apart(text) for text in texts], vocabulary)
    touched = [touch(text, vocabulary) for text in texts]
    assert np.allclose(fitted.scores(asked), [reading.scores(one) for one in touched], atol=1e-5)
    assert np.allclose(fitted.shares(asked), [(one.words, one.pairs) for one in touched])


def test_what_was_never_seen_makes_the_rest_say_less_and_models_from_before_are_read_as_before(
    model: IntentModel,
) -> None:
    alone, beside = (model.scores(touch(text, model.vocabulary)) for text in ("parcel", "parcel щука жук"))
    assert beside.max() < alone.max()
    before = IntentModel(
        model.classes, model.vocabulary, [view._replace(unknown=0.0) for view in model.views], rejector=model.rejector
    )
    again = IntentModel.load(before.dump())
    assert again.read("parcel щука") == before.read("parcel щука")
    assert np.allclose(
        again.scores(touch("parcel щука жук", model.vocabulary)),
        again.scores(touch("parcel", model.vocabulary)),
        atol=1e-4,
    )
    assert model.dump() == IntentModel.load(model.dump()).dump() != before.dump()


def test_what_means_nothing_here_is_known_less_and_texts_from_outside_teach_it(model: IntentModel) -> None:
    taught = train(PHRASES, outside=OUTSIDE[::2] + OUTSIDE[1:40:2])
    ours = [
        "is my parcel late",
        "when are you open",
        "my code is refused",
        "I want a refund",
        "is the grinder sold out",
    ]
    foreign = OUTSIDE[41::2]
    for trained in (model, taught):
        assert min(trained.read(text).known for text in ours) > max(trained.read("quantum physics").known, 0.3)
    assert [taught.read(text).is_known for text in ours] == [True] * len(ours)
    assert sum(taught.read(text).is_known for text in foreign) <= len(foreign) / 6
    assert taught.classes == model.classes


def test_the_name_of_an_intent_is_one_more_way_of_asking() -> None:
    assert named("article:lostCard_or-PIN 2").words == ["\x01lost", "\x01card", "\x01or", "\x01pin"]
    guesses = train([("a", "lost_card"), ("b", "lost_card"), ("c", "new_pin"), ("d", "new_pin")]).guess("card")
    assert guesses[0].intent == "lost_card"


def test_only_what_begins_something_counts_for_the_threshold() -> None:
    texts = [take_apart(text) for text, _ in PHRASES] + [named(intent) for intent in SAID]
    places = [list(SAID).index(intent) for _, intent in PHRASES] + list(range(len(SAID)))
    material = Material(count(texts, vocabulary_of(texts)), np.array(places), len(PHRASES), len(SAID))
    everything = calibrate(material, np.ones(len(SAID), dtype=np.bool_))
    nothing = calibrate(material, np.zeros(len(SAID), dtype=np.bool_))
    assert nothing.threshold > everything.threshold
    assert calibrate(material._replace(phrases=1), np.ones(len(SAID), dtype=np.bool_)) == Calibrated()


@pytest.mark.parametrize(
    ("asked", "intent"),
    [
        ("मेरा पार्सल कहाँ है", "parcel"),
        ("退款要多久", "refund"),
        ("พัสดุอยู่ที่ไหนแล้ว", "parcel"),
        ("أين الطرد", "parcel"),
        ("επιστροφή χρημάτων", "refund"),
    ],
)
def test_any_script_is_read(asked: str, intent: str) -> None:
    parcel = ("मेरा पार्सल कब आएगा", "我的包裹在哪里", "พัสดุของฉันอยู่ที่ไหน", "أين الطرد الخاص بي", "πού είναι το δέμα μου")
    refund = ("मुझे पैसे वापस चाहिए", "我要退款", "ฉันต้องการเงินคืน", "أريد استرداد المال", "θέλω τα χρήματα πίσω, επιστροφή")
    trained = train([*((text, "parcel") for text in parcel), *((text, "refund") for text in refund)])
    assert trained.guess(asked)[0].intent == intent


def test_vowel_signs_stand_within_words() -> None:
    assert len(words("मेरा पार्सल कहाँ है")) == 4


@pytest.mark.parametrize("phrases", [[], [("one", "a")], [("one", "a"), ("two", "a")], [("?", "1"), ("!", "2")]])
def test_with_nothing_to_tell_apart_nothing_is_known(phrases: list[tuple[str, str]]) -> None:
    trained = train(phrases)
    again = IntentModel.load(trained.dump())
    assert not again.read("one").guesses
    assert not again.read("one").is_known
    assert trained.dump() == again.dump()


def test_two_intents_of_one_phrase_each_are_told_apart() -> None:
    trained = train([("where is it", "where"), ("send it back", "back")])
    assert [trained.guess(text)[0].intent for text in ("where is my parcel", "please send back")] == ["where", "back"]


def test_who_writes_a_book_does_not_stop_the_bot(model: IntentModel) -> None:
    assert cpu_seconds(lambda: model.read("where is my parcel " * 50_000)) < 3


def test_probabilities_survive_margins_of_any_size() -> None:
    assert softmax(np.array([1e4, 0, -1e4], dtype=np.float32)).tolist() == [1, 0, 0]
