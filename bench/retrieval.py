"""How well are answers found, and how quickly? Public sets of questions, split as their authors did.

    python bench/retrieval.py            # everything
    python bench/retrieval.py --quick    # every fourth question

StackFAQ: 125 questions with their answers, found by 1,249 paraphrases. BANKING77 and CLINC150: five phrasings an intent
are what an article has, the official validation questions are asked; CLINC150's questions out of scope must not be
claimed. How the weights were chosen: docs/algorithms/retrieval.md; thresholds by each index on its own phrasings.
KUPEC_BENCH_UNDERSTANDING names the folder of the sets; without it only the time is measured.
"""

import argparse
import csv
import gzip
import json
import os
import random
import resource
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from kupec.app.zrnko.articles_of import demo_articles
from kupec.knowledge.retrieval import LanguageIndex, Source, Vocabularies

SETS = Path(
    os.environ.get(
        "KUPEC_BENCH_UNDERSTANDING", Path(__file__).resolve().parents[2] / "shared" / "data" / "understanding"
    )
)
KNOWN = 0.5
ARTICLES = 1000
Asked = list[tuple[str, str]]


def rows(name: str) -> list[dict[str, str]]:
    with gzip.open(SETS / name, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def stack_faq() -> tuple[list[Source], Asked]:
    with gzip.open(SETS / "stackfaq.json.gz", "rt", encoding="utf-8") as file:
        threads = json.load(file)["root"]["qapair"]
    sources = [
        Source(code=str(number), questions=(one["question"],), answer=_text(one["answer"]))
        for number, one in enumerate(threads)
    ]
    asked = [(said, str(number)) for number, one in enumerate(threads) for said in one["rephr"] if said and said != "*"]
    return sources, asked


def _text(answer: object) -> str:
    return "\n".join(answer) if isinstance(answer, list) else str(answer)


def intents(folder: str, validation: str) -> tuple[list[Source], Asked]:
    phrasings: dict[str, list[str]] = {}
    for row in rows(f"{folder}/train_5.csv.gz"):
        phrasings.setdefault(row["intent"], []).append(row["text"])
    sources = [Source(code=intent, questions=tuple(said), answer="") for intent, said in phrasings.items()]
    return sources, [(row["text"], row["intent"]) for row in rows(f"{folder}/{validation}.csv.gz")]


def found(index: LanguageIndex, asked: Asked) -> str:
    """How many have the right article first, among five, and first with a score that counts as known."""
    first = among = sure = wrong = 0
    for text, code in asked:
        matches = index.find(text, 5)
        codes = [match.code for match in matches]
        right = codes[:1] == [code]
        known = bool(matches) and matches[0].score >= KNOWN
        first, among = first + right, among + (code in codes)
        sure, wrong = sure + (right and known), wrong + (known and not right)
    many = len(asked)
    return f"{first / many:7.3f} {among / many:7.3f} {sure / many:11.3f} {wrong / many:11.3f}"


def quality(step: int) -> None:
    print(f"{'set':<28} {'asked':>6} {'R@1':>7} {'R@5':>7} {'right≥0.5':>11} {'wrong≥0.5':>11}")
    for name, (sources, asked) in (
        ("StackFAQ", stack_faq()),
        ("BANKING77, validation", intents("banking77", "valid")),
        ("CLINC150, validation", intents("clinc150", "val")),
    ):
        index = LanguageIndex(sources, "en")
        print(f"{name:<28} {len(asked[::step]):>6} {found(index, asked[::step])}", flush=True)
    outside = [row["text"] for row in rows("clinc150/oos_val.csv.gz")]
    claimed = sum(bool((best := index.find(text, 1)) and best[0].score >= KNOWN) for text in outside)
    print(f"{'CLINC150, out of scope':<28} {len(outside):>6} {'':>7} {'':>7} {'':>11} {claimed / len(outside):>11.3f}")


def speed() -> None:
    """A thousand articles like Zrnko's, each with words of its own; CPU of one core."""
    print(f"\n{'language':<10} {'made':>8} {'again':>8} {'p50':>8} {'p95':>8}   {ARTICLES} articles; memory")
    for language in ("cs", "pl", "en"):
        sources = many(language)
        vocabularies = Vocabularies()
        took = [timed(lambda: LanguageIndex(sources, language, vocabularies=vocabularies)) for _ in range(2)]  # noqa: B023
        index = LanguageIndex(sources, language, vocabularies=vocabularies)
        questions = random.Random(2).sample([said for one in sources for said in one.questions], 400)
        each = [timed(lambda: index.find(said)) * 1000 for said in questions]  # noqa: B023
        cuts = statistics.quantiles(each, n=20)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{language:<10} {took[0]:>6.1f} s {took[1]:>6.1f} s {cuts[9]:>5.2f} ms {cuts[18]:>5.2f} ms   {memory} MB"
        )


def timed(work: object) -> float:
    began = time.thread_time()
    work()  # type: ignore[operator]
    return time.thread_time() - began


def many(language: str) -> list[Source]:
    drafts = [read.draft for read in demo_articles() if read.draft is not None]
    words = [word for draft in drafts for word in draft.texts[language].title.split()]
    chance = random.Random(1)
    return [
        Source(
            code=f"{draft.code}-{number}",
            questions=tuple(own(said, words, chance) for said in (text.title, *text.phrasings)),
            answer=own("\n".join(one.text for one in draft.answers if one.language == language), words, chance),
        )
        for number in range(ARTICLES)
        if (draft := drafts[number % len(drafts)]) and (text := draft.texts[language])
    ]


def own(text: str, words: Sequence[str], chance: random.Random) -> str:
    return " ".join([text, *chance.sample(words, 2)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if SETS.exists():
        quality(4 if options.quick else 1)
    else:
        print(f"quality is left out: {SETS} is not there")
    speed()


if __name__ == "__main__":
    main()
