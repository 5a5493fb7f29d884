"""What judging costs: gates on 3,080 rows of 77 labels, each label a slice of 40 rows.

``python -m tests.benchmarks.bench_gates``
"""

import time

import numpy as np

from controller.evaluation.evidence import Evidence
from controller.evaluation.scored_rows import ScoredRows
from controller.evaluation.slices import measure_all, measure_slices
from controller.gates.judge import judge
from specs.gates import Gate

LABELS, ROWS = 77, 40
METRICS = ("accuracy", "f1_macro", "loss")
CHURN = 0.03
KEPT = {"against": "live", "max_drop": 0.05}
GATES = (
    Gate(metric="accuracy", slice="*", min=0.5),
    Gate(metric="accuracy", **KEPT),
    Gate(metric="accuracy", slice="*", **KEPT),
    Gate(metric="loss", slice="*", **KEPT),
    Gate(metric="f1_macro", **KEPT),
    Gate(metric="f1_macro", slice="*", **KEPT),
)


def evidence(version, predicted, random):
    """Evidence of a version with these answers."""
    labels = np.repeat(np.arange(LABELS), ROWS)
    names = tuple(f"l{index}" for index in range(LABELS))
    rows = ScoredRows(
        keys=tuple(map(str, range(len(labels)))),
        scores={
            "correct": (predicted == labels).astype(float),
            "loss": random.exponential(0.3, len(labels)),
        },
        slices={"label": tuple(names[index] for index in labels)},
        excluded=np.zeros(len(labels), bool),
        names=names,
        labels=labels,
        predicted=predicted,
    )
    return Evidence(version, measure_all(METRICS, rows), measure_slices(METRICS, rows), rows)


def main():
    """Print the CPU time of each gate."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(LABELS), ROWS)
    guesses = random.integers(0, LABELS, (2, len(labels)))
    before = np.where(random.random(len(labels)) < 0.9, labels, guesses[0])
    after = np.where(random.random(len(labels)) < CHURN, guesses[1], before)
    live, candidate = (evidence(*one, random) for one in ((1, before), (2, after)))
    for gate in GATES:
        started = time.process_time()
        verdicts = judge([gate], candidate=candidate, against={"live": live})
        spent = 1000 * (time.process_time() - started)
        told = f"{gate.metric} {gate.slice or 'all rows'} {gate.against or ''}"
        print(f"{told:32} {len(verdicts):3} verdicts {spent:5.0f} CPU ms")


if __name__ == "__main__":
    main()
