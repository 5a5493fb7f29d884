"""Robustness: what is left of a version's quality when its texts are written differently."""

from typing import Any

from controller.evaluation.studies.base import Bench, Studied
from controller.evaluation.studies.robustness.attack import attack
from controller.evaluation.studies.robustness.copies import Copies, noisy_copies
from controller.evaluation.studies.robustness.measures import measure_copies, measure_worst
from controller.evaluation.studies.robustness.paraphrases import paraphrased
from registry.records import Estimate
from specs.evaluation import Evaluation


class RobustnessStudy:
    """Noise of declared kinds, one's own paraphrases, and an attack within a budget."""

    def is_wanted(self, evaluation: Evaluation) -> bool:
        """Whether the spec declares any of it."""
        return evaluation.noise.is_wanted

    def run(self, bench: Bench) -> Studied:
        """Measure the counted test rows again, as each kind of noise writes them.

        Raises:
            EvaluationError: The file of paraphrases cannot be used.
        """
        wanted = bench.evaluation.noise
        asked_before = bench.predictor.asked
        copies: dict[str, Copies] = {
            kind: noisy_copies(bench, kind) for kind in wanted.perturbations
        }
        report: dict[str, Any] = {"perturbations": {}}
        if wanted.paraphrases is not None:
            copies["paraphrases"], report["paraphrases"] = paraphrased(bench, wanted.paraphrases)
        metrics: dict[str, Estimate] = {}
        for kind, found in copies.items():
            measured, told = measure_copies(bench, kind, found)
            metrics |= measured
            report["perturbations"][kind] = told
        if copies:
            metrics |= measure_worst(bench, copies.values())
        if wanted.attack is not None:
            metrics["robustness.attack.accuracy"], report["attack"] = attack(bench, wanted.attack)
        report["asked"] = bench.predictor.asked - asked_before
        return Studied(metrics, report)
