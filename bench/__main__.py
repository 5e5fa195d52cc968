"""`python -m bench` measures everything that the README claims; `python -m bench checkout kill` only these.

Each bench is a program of its own, so that none inherits the memory or the caches of another.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parent.parent
RETAIL = Path(os.environ.get("KUPEC_BENCH_RETAIL", _REPOSITORY / "data/online_retail.csv.gz"))
BENCHES: dict[str, list[str]] = {
    "checkout": ["bench.checkout"],
    "ucp": ["bench.ucp"],
    "books": ["bench.books"],
    "kill": ["bench.kill"],
    "turns": ["bench.turns"],
    "chat": ["bench.chat"],
    "inbox": ["bench.inbox", "--conversations", "1000000"],
    "retrieval": ["bench.retrieval"],
    "understanding": ["bench.understanding"],
    "event_log": ["bench.event_log"],
    "standing": ["bench.standing"],
    "learning": ["bench.learning"],
    "masking": ["bench.masking"],
    "devices": ["bench.devices"],
    "market": ["bench.market"],
    "replenishment": ["bench.replenishment"],
    "timeline": ["bench.timeline", "--events", "5000000"],
    "customers": ["bench.customers", "--events", "100000", "1000000", "10000000"],
    "catalogue": ["bench.catalogue", str(RETAIL)],
    "import": ["bench.import_real_shop", str(RETAIL)],
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of: {', '.join(BENCHES)}")
    # What is not known here is for the one bench that is named.
    options, rest = parser.parse_known_args()
    unknown = set(options.names) - set(BENCHES)
    if unknown or (rest and len(options.names) != 1):
        parser.error(f"unknown: {', '.join(unknown) or ' '.join(rest)}")
    failed = [name for name in options.names or BENCHES if not _run(name, rest)]
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return len(failed)


def _run(name: str, rest: list[str]) -> bool:
    module, *arguments = BENCHES[name]
    print(f"\n━━ {name} {'━' * (70 - len(name))}\n", flush=True)
    if str(RETAIL) in arguments and not RETAIL.exists():
        print(f"left out: {RETAIL} is not there (KUPEC_BENCH_RETAIL names the UCI set “Online Retail”)")
        return True
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", module, *(rest or arguments)], cwd=_REPOSITORY, check=False)
    print(f"\n({time.monotonic() - began:.0f} s)")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
