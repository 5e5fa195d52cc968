"""How well masking does on the corpus of the tests, by kind and language, and what a line costs."""

import time

from kupec.conversations import mask
from tests.conversations.masking_corpus import KINDS, lines, measure


def main() -> None:
    everything = list(lines())
    print(f"{len(everything)} lines, {sum(not one.kinds for one in everything)} of them with nothing to hide\n")
    print("| kind | there | found | recall | false alarms | cs | pl | en |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    total, parts = measure(), {language: measure(language) for language in ("cs", "pl", "en")}
    for kind in KINDS:
        by_language = " | ".join(
            f"{100 * part.recall(kind):.0f} %" if part.there[kind] else "–" for part in parts.values()
        )
        print(
            f"| {kind} | {total.there[kind]} | {total.found[kind]} | {100 * total.recall(kind):.1f} % "
            f"| {total.false[kind]} | {by_language} |"
        )
    for line in total.missed:
        print(f"\nnot as it should be: {line}")
    print(f"\nµs CPU a line: {_cost(everything):.0f}")


def _cost(everything: list[object]) -> float:
    rounds = []
    for _ in range(7):
        began = time.process_time()
        for line in everything:
            mask(line.text, known=line.known)  # type: ignore[attr-defined]
        rounds.append((time.process_time() - began) / len(everything) * 1e6)
    return min(rounds)


if __name__ == "__main__":
    main()
