"""How often intervals hold the truth, and how often calibration is doubted: about 40 CPU seconds.

    python -m tests.benchmarks.bench_metrics

ROC-AUC's interval over drawn rows; and the share of calibrated, and of bold, versions that exceed
the null of their calibration error.
"""

import numpy as np

from controller.evaluation.calibration import calibration_null
from controller.evaluation.metrics import measure
from tests.unit.controller.evaluation.builders import calibrated_rows, ranked_rows

ROUNDS = 400


def main() -> None:
    print("labels    n   truth  ROC-AUC's interval holds it")
    for labels, skill in ((2, 1.5), (5, 1.5), (20, 2.5)):
        truth = measure("roc_auc", ranked_rows(60_000, labels=labels, skill=skill, seed=1)).value
        for n in (60, 150, 500):
            found = [
                measure(
                    "roc_auc", ranked_rows(n + seed % 17, labels=labels, skill=skill, seed=seed)
                )
                for seed in range(ROUNDS)
            ]
            held = np.mean([one.low <= truth <= one.high for one in found])
            print(f"{labels:6} {n:4} {truth:7.3f} {held:9.3f}")
    print("   n  null mean  calibrated above null  bold above null  bold more than .03 above")
    for n in (100, 300, 1_000, 3_000):
        null = calibration_null(calibrated_rows(n, 0)).mean
        calm = [
            measure("calibration_excess", calibrated_rows(n, seed)).value for seed in range(300)
        ]
        bold = np.array(
            [
                measure("calibration_excess", calibrated_rows(n, seed, boldness=1.5)).value
                for seed in range(100)
            ]
        )
        above = np.mean(np.array(calm) > 0)
        seen, far = np.mean(bold > 0), np.mean(bold > 0.03)
        print(f"{n:4} {null:9.3f} {above:14.3f} {seen:20.2f} {far:17.2f}")


if __name__ == "__main__":
    main()
