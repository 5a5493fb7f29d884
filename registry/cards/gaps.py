"""What was not measured, found by looking for the evidence that is not there. Pure."""

from collections.abc import Iterator
from typing import get_args

from registry.cards.blocks import Items, Section, Text
from registry.cards.explanations import NAMES as EXPLANATIONS
from registry.cards.known import Known, listed, mapping
from specs.perturbations import Noise


def gaps(known: Known) -> Section:
    """List it; a reader is never left to notice an absence."""
    found = tuple(dict.fromkeys(_gaps(known)))
    title = "What was not measured"
    if not found:
        return Section("not_measured", title, (Text("Nothing that Trueup knows how to measure."),))
    return Section("not_measured", title, (Items(found),))


def _gaps(known: Known) -> Iterator[str]:
    if known.evaluation is None:
        yield "anything: no held-out rows were judged yet"
    yield from _studies(known)
    yield from _verdicts(known)
    yield from _of_groups(known)
    yield from _of_data(known)


def _studies(known: Known) -> Iterator[str]:
    report = known.report
    metrics = () if known.evaluation is None else known.evaluation.metrics
    measured = {*report, *(name.partition(".")[0] for name in metrics)}
    if known.evaluation is not None and not known.evaluation.slices:
        yield "slices: no subset of the rows was declared"
    if "robustness" in measured:
        yield from _perturbations(known)
    else:
        yield "robustness to typos, casing and other perturbations"
    if "bias" not in measured:
        yield "bias: counterfactual swaps and differences between groups"
    if measured.isdisjoint(EXPLANATIONS):
        yield "explanations of single predictions"
    if "weak_slices" not in measured:
        yield "weak slices that nobody declared"
    if "calibration" not in measured and known.task != "causal-lm":
        yield "calibration"


def _perturbations(known: Known) -> Iterator[str]:
    found = mapping(known.report.get("robustness"))
    run = mapping(found.get("perturbations"))
    missing = [kind for kind in get_args(Noise) if run and kind not in run]
    if missing:
        yield f"robustness to {', '.join(missing)}"
    if "attack" not in found:
        yield "robustness under attack"


def _verdicts(known: Known) -> Iterator[str]:
    if known.gates is None:
        yield "gates: no verdict is recorded"
        return
    if not known.gates.verdicts:
        yield "gates: none was declared"
    for one in known.gates.verdicts:
        if one.verdict == "inconclusive" and one.slice is None:
            yield f"enough rows to decide a gate: {one.message}"
        elif one.verdict == "inconclusive":
            yield f"a slice, for too few rows or too little proof: {one.message}"
        elif one.evidence is None:
            yield f"a gate that was skipped: {one.message}"


def _of_groups(known: Known) -> Iterator[str]:
    report = mapping(known.report.get("bias"))
    for name, one in mapping(report.get("counterfactuals")).items():
        if not mapping(one).get("enough"):
            yield f"bias by {name}: {mapping(one).get('pairs')} pairs are too few to show anything"
    for family, one in mapping(report.get("groups")).items():
        for group, rows in mapping(mapping(one).get("too_small")).items():
            yield f"bias in the group {family}={group}: {rows} rows are too few"
    for family, left_out in mapping(known.report.get("slice_values_left_out")).items():
        yield f"{left_out} rarer values of the slices by {family}"
    worth = mapping(known.report.get("mitigation"))
    if worth and worth.get("against") is None:
        yield f"what mitigation was worth: {worth.get('message')}"


def _of_data(known: Known) -> Iterator[str]:
    if known.data_report is None:
        yield "the quality of the rows: no data report is recorded"
        return
    for one in map(mapping, listed(known.data_report.get("findings"))):
        if one.get("action") == "skipped":
            yield f"data check {one.get('check')}: {one.get('message')}"
    for check, action in mapping(known.data_report.get("checks")).items():
        if action in ("off", None, False):
            yield f"data check {check}: not declared"
