"""What mitigation was worth: a version beside one that was trained the same but for it. Pure."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from controller.evaluation.evidence import Evidence
from controller.gates.differences import Pair
from registry.records import Estimate

OF_SLICES = frozenset({"accuracy", "exact_match", "token_f1"})
"""What is compared on slices: there may be hundreds, and these need no resampling."""


def declared_in(inputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The mitigation that a version was trained with, from what its digest is over."""
    found: Mapping[str, Any] | None = inputs.get("training", {}).get("mitigation")
    return found


def without_mitigation(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What a version's digest would be over without its mitigation."""
    training = {name: value for name, value in inputs["training"].items() if name != "mitigation"}
    # Slices reach the weights only as what rows are weighed by.
    data = {name: value for name, value in inputs["data"].items() if name != "slices"}
    return {**inputs, "training": training, "data": data}


def compare(mitigated: Evidence, plain: Evidence) -> dict[str, Any]:
    """Compare every metric, and every slice, that both were measured by: with less without.

    Metrics of the held-out rows are paired row by row; those of studies are two estimates, whose
    difference is wider.
    """
    pair = Pair(mitigated, plain)
    found: dict[str, Any] = {"against": plain.version, "metrics": {}, "slices": {}}
    for metric in mitigated.metrics:
        line = _line(metric, (mitigated.metrics, plain.metrics), pair, None)
        if line is not None:
            found["metrics"][metric] = line
    for name, measured in mitigated.slices.items():
        other = plain.slices.get(name, {})
        lines = {
            metric: _line(metric, (measured, other), pair, name)
            for metric in measured
            if metric in OF_SLICES
        }
        found["slices"][name] = {metric: line for metric, line in lines.items() if line}
    return found


def nothing_to_compare_with() -> dict[str, Any]:
    """What the report says where no version without mitigation was measured on these rows."""
    return {
        "against": None,
        "message": "no version without mitigation to compare with",
        "fix": "commit the spec once without training.mitigation, let that version be evaluated, "
        "then commit it with mitigation",
    }


def _line(
    metric: str,
    estimates: tuple[Mapping[str, Estimate], Mapping[str, Estimate]],
    pair: Pair,
    name: str | None,
) -> dict[str, Any] | None:
    mine, theirs = (found.get(metric) for found in estimates)
    if mine is None or theirs is None:
        return None
    compared = pair.compare(metric, name)
    if compared is None:
        return None
    change = asdict(compared.difference.estimate)
    return {"with": asdict(mine), "without": asdict(theirs), "change": change}
