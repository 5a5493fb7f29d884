"""The studies: what is asked about a version beyond its metrics. Each is one file or folder."""

from collections.abc import Mapping

from controller.evaluation.studies.base import Bench, Studied, Study
from controller.evaluation.studies.bias import BiasStudy
from controller.evaluation.studies.explain import ExplainStudy
from controller.evaluation.studies.harness import HarnessStudy
from controller.evaluation.studies.robustness import RobustnessStudy
from controller.evaluation.studies.weak_slices import WeakSlicesStudy

STUDIES: Mapping[str, Study] = {
    "weak_slices": WeakSlicesStudy(),
    "robustness": RobustnessStudy(),
    "bias": BiasStudy(),
    "lm_eval": HarnessStudy(),
    "explain": ExplainStudy(),
}
"""Every study by the name of its part of the report, in the order in which they run."""


def run_studies(bench: Bench) -> dict[str, Studied]:
    """Run those that the spec asks for."""
    return {
        name: study.run(bench)
        for name, study in STUDIES.items()
        if study.is_wanted(bench.evaluation)
    }
