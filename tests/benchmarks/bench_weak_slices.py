"""How often the search for weak slices finds a planted one on banking77, and how often chance.

    python -m tests.benchmarks.bench_weak_slices

Wrong answers are drawn: 7 % everywhere, and more in the rows of one candidate, for 40 candidates
of 2 to 4 % of the 3,080 test rows, each five times. Found means that a slice told shares most of
its rows with the planted one (Jaccard above one half). Beside it: one as wrong everywhere.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from controller.evaluation.scored_rows import BoolArray
from controller.evaluation.studies.weak_slices.features import candidates
from controller.evaluation.studies.weak_slices.search import weak_slices
from tests.benchmarks.banking77 import read_csv

ERROR_RATE = 0.07
PLANTED_RATES = (0.17, 0.22, 0.27, 0.37)
PLANTED = 40
DRAWS = 5
NULL_DRAWS = 500
FALSE_DISCOVERY_RATE = 0.1


def main() -> None:
    """Print a line for each planted rate, and one without."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/banking77"))
    given = parser.parse_args()
    rows = list(read_csv(given.data / "test.csv"))
    started = time.process_time()
    labels = {"label": [row["category"] for row in rows]}
    known = candidates([row["text"] for row in rows], labels, column="text", least=20)
    print(f"{len(known):,} candidates in {time.process_time() - started:.2f} CPU s")
    draw = np.random.default_rng(17)
    fit = [one for one in known if 0.02 < len(one.rows) / len(rows) < 0.04]
    chosen = [fit[int(index)] for index in draw.permutation(len(fit))[:PLANTED]]
    for rate in PLANTED_RATES:
        hits = 0
        for one in chosen:
            for _ in range(DRAWS):
                wrong = draw.random(len(rows)) < ERROR_RATE
                wrong[one.rows] = draw.random(len(one.rows)) < rate
                told = weak_slices(known, wrong, rate=FALSE_DISCOVERY_RATE, at_most=10)
                hits += any(_jaccard(t.candidate.rows, one.rows, len(rows)) > 0.5 for t in told)
        print(f"planted {rate:.0%} wrong: found in {hits / (len(chosen) * DRAWS):.1%}")
    alarms = sum(
        bool(weak_slices(known, wrong, rate=FALSE_DISCOVERY_RATE, at_most=1))
        for wrong in (draw.random(len(rows)) < ERROR_RATE for _ in range(NULL_DRAWS))
    )
    print(f"nothing planted: something told in {alarms / NULL_DRAWS:.1%}")


def _jaccard(some: BoolArray, others: BoolArray, n: int) -> float:
    first, second = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    first[some], second[others] = True, True
    return float((first & second).sum() / (first | second).sum())


if __name__ == "__main__":
    main()
