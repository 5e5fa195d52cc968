"""The goals' table of the understanding, goal beside figure (docs/understanding.md).

    python -m bench understanding                       # by words alone
    python -m bench understanding --encoder DIR         # and with a sentence encoder

KUPEC_BENCH_UNDERSTANDING names the folder of the sets.
"""

import sys

from bench.retrieval import SETS
from kupec.app import cli


def main() -> None:
    if not SETS.exists():
        print(f"left out: {SETS} is not there (KUPEC_BENCH_UNDERSTANDING names the folder)")
        return
    cli.main(["evaluate", "all", "--data", str(SETS), *sys.argv[1:]])


if __name__ == "__main__":
    main()
