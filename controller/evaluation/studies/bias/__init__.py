"""Bias: whether words that should not matter do, and whether groups of rows are served alike.

Nothing here infers who a person is. Words are swapped by lists, and groups are those that the spec
declares by a column of the data.
"""

from typing import Any

from controller.evaluation.studies.base import Bench, Studied
from controller.evaluation.studies.bias.attributes import attributes_of
from controller.evaluation.studies.bias.groups import compare_groups
from controller.evaluation.studies.bias.swaps import measure_attribute
from registry.records import Estimate
from specs.evaluation import Evaluation


class BiasStudy:
    """Counterfactual swaps of declared attributes, and differences between declared groups."""

    def is_wanted(self, evaluation: Evaluation) -> bool:
        """Whether the spec declares any of it."""
        return evaluation.bias is not None and evaluation.bias.is_wanted

    def run(self, bench: Bench) -> Studied:
        """Swap words and compare groups, over the counted test rows.

        Raises:
            EvaluationError: A file of one's own, or a declared outcome, cannot be used.
        """
        wanted = bench.evaluation.bias
        assert wanted is not None
        metrics: dict[str, Estimate] = {}
        report: dict[str, Any] = {"counterfactuals": {}, "groups": {}}
        asked_before = bench.predictor.asked
        for name, attribute in attributes_of(bench, wanted).items():
            measured, report["counterfactuals"][name] = measure_attribute(bench, name, attribute)
            metrics |= measured
        for family in wanted.groups:
            measured, report["groups"][family] = compare_groups(bench, family, wanted.outcomes)
            metrics |= measured
        report["asked"] = bench.predictor.asked - asked_before
        return Studied(metrics, report)
