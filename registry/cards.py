"""Model cards: what is known of a version, from stored evidence only. Pure."""

import io
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML

from registry.records import Estimate, EvaluationRecord, GateReport, Json, VersionRecord

NOT_MEASURED = {
    "robustness": "robustness to typos, casing and other perturbations",
    "bias": "bias: counterfactual swaps and differences between groups",
    "explain": "explanations of single predictions",
}
"""Kinds of evidence that an evaluation's report may hold, and what lacks without them."""


def render_card(
    version: VersionRecord,
    evaluation: EvaluationRecord | None,
    gates: GateReport | None,
    aliases: Collection[str],
) -> str:
    """Write the card in Markdown, headed by Hugging Face's metadata.

    Args:
        version: what the card is about.
        evaluation: the newest evidence about it.
        gates: the newest verdicts on it.
        aliases: the names that point at it now.
    """
    sections = [
        f"---\n{_metadata(version, evaluation)}---",
        _title(version, aliases),
        _intended_use(version),
        _base_and_method(version),
        _data(version),
        _metrics(evaluation),
        _slices(evaluation),
        _gates(gates),
        _lineage(version, evaluation),
        _not_measured(evaluation, gates),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _metadata(version: VersionRecord, evaluation: EvaluationRecord | None) -> str:
    task, base = _task(version), _base(version)
    head: dict[str, Any] = {}
    if base and not base.startswith((".", "/", "registry:")):
        head["base_model"] = base
    if task:
        head["pipeline_tag"] = "text-generation" if task == "causal-lm" else task
    head["tags"] = [tag for tag in ("trueup", task, _training(version).get("method")) if tag]
    if evaluation is not None:
        head["model-index"] = [_index_entry(version, evaluation, task or "other")]
    stream = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump(head, stream)
    return stream.getvalue()


def _index_entry(version: VersionRecord, evaluation: EvaluationRecord, task: str) -> dict[str, Any]:
    values = [
        {"type": name, "value": round(estimate.value, 6)}
        for name, estimate in evaluation.metrics.items()
        if math.isfinite(estimate.value)
    ]
    dataset = {"name": f"{version.model}, held-out rows", "type": version.model, "split": "test"}
    return {
        "name": f"{version.model}@{version.number}",
        "results": [{"task": {"type": task}, "dataset": dataset, "metrics": values}],
    }


def _title(version: VersionRecord, aliases: Collection[str]) -> str:
    named = f", now {' and '.join(sorted(aliases))}" if aliases else ""
    return f"# {version.model}, version {version.number}{named}"


def _intended_use(version: VersionRecord) -> str:
    uses = {
        "text-classification": "Gives one of a closed set of labels, with a score, to a short text",
        "causal-lm": "Continues a prompt with text",
    }
    what = uses.get(_task(version) or "", "What its training data show")
    columns = _mapping(_mapping(_mapping(version.lineage.get("inputs")).get("data")).get("columns"))
    if columns.get("labels"):
        what = "Gives a set of labels out of a closed one, each with a score, to a short text"
    return (
        "## Intended use\n\n"
        f"{what}, for texts like those it was trained and evaluated on. The evidence below says "
        "nothing about other texts, languages or labels. Decisions about people need a person."
    )


def _base_and_method(version: VersionRecord) -> str:
    training = _training(version)
    revision = version.lineage.get("base", {}).get("revision")
    rows = [("base", _base(version)), ("base revision", revision)]
    rows += [(name, training.get(name)) for name in ("method", "seed")]
    rows += sorted(_mapping(training.get("arguments")).items())
    rows += [(f"lora.{name}", value) for name, value in _mapping(training.get("lora")).items()]
    return "## Base and method\n\n" + _facts(rows)


def _data(version: VersionRecord) -> str:
    rows = [(f"`{path}`", value) for path, value in _mapping(version.lineage.get("data")).items()]
    return "## Data\n\n" + (
        "Files as DVC tracks them, by content.\n\n" + _facts(rows) if rows else "Not recorded."
    )


def _metrics(evaluation: EvaluationRecord | None) -> str:
    if evaluation is None:
        return "## Metrics\n\nNot evaluated yet."
    rows = [(name, *_cells(estimate)) for name, estimate in evaluation.metrics.items()]
    return "## Metrics\n\nMeasured on held-out rows; intervals are two-sided, 95 %.\n\n" + _table(
        ("metric", "value", "interval", "n", "method"), rows
    )


def _slices(evaluation: EvaluationRecord | None) -> str:
    if evaluation is None or not evaluation.slices:
        return ""
    rows = [
        (slice_name, metric, *_cells(estimate))
        for slice_name, metrics in evaluation.slices.items()
        for metric, estimate in metrics.items()
    ]
    return "## Slices\n\n" + _table(("slice", "metric", "value", "interval", "n", "method"), rows)


def _gates(gates: GateReport | None) -> str:
    if gates is None:
        return "## Gates\n\nNot judged yet."
    rows = [
        (one.gate.get("metric", ""), one.slice or "all rows", one.verdict.value, one.message)
        for one in gates.verdicts
    ]
    outcome = "Passed" if gates.passed else "Not passed"
    against = "" if gates.against is None else f", compared with version {gates.against}"
    return f"## Gates\n\n{outcome}{against}.\n\n" + _table(
        ("metric", "rows", "verdict", "evidence"), rows
    )


def _lineage(version: VersionRecord, evaluation: EvaluationRecord | None) -> str:
    lineage = version.lineage
    rows: list[tuple[str, Any]] = [
        ("revision", version.revision),
        ("training digest", version.training_digest),
        ("run", version.run_id),
        ("registered", version.created_at.isoformat(timespec="seconds")),
    ]
    if evaluation is not None:
        rows.append(("evaluation digest", evaluation.evaluation_digest))
    rows += _mapping(lineage.get("libraries")).items()
    rows += [
        (f"machine: {name}", value) for name, value in _mapping(lineage.get("machine")).items()
    ]
    files = [(f"`{path}`", blob.digest) for path, blob in version.files.items()]
    return "## Lineage\n\n" + _facts(rows) + "\n\n### Files\n\n" + _facts(files)


def _not_measured(evaluation: EvaluationRecord | None, gates: GateReport | None) -> str:
    report: Json = {} if evaluation is None else evaluation.report
    measured = " ".join((*report, *(() if evaluation is None else evaluation.metrics)))
    lacks = [text for kind, text in NOT_MEASURED.items() if kind not in measured]
    if evaluation is None:
        lacks.insert(0, "anything: no held-out rows were judged yet")
    elif not evaluation.slices:
        lacks.insert(0, "slices: no subset of the rows was declared")
    if gates is not None:
        lacks += [
            f"enough rows to decide a gate: {one.message}"
            for one in gates.verdicts
            if one.verdict == "inconclusive"
        ]
    return "## What was not measured\n\n" + "\n".join(f"- {text}" for text in lacks)


def _cells(estimate: Estimate) -> tuple[str, str, int, str]:
    interval = f"{_number(estimate.low)} to {_number(estimate.high)}"
    return (_number(estimate.value), interval, estimate.n, estimate.method)


def _number(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "not finite"


def _facts(rows: Iterable[tuple[str, Any]]) -> str:
    return _table(("", ""), [(name, value) for name, value in rows if value is not None])


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(one) for one in line) + " |" for line in lines)


def _cell(value: Any) -> str:
    """Text that stays in its cell: no value ends a row, or begins another."""
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _training(version: VersionRecord) -> Mapping[str, Any]:
    return _mapping(_mapping(version.lineage.get("inputs")).get("training"))


def _task(version: VersionRecord) -> str | None:
    return _mapping(_mapping(version.lineage.get("inputs")).get("data")).get("task")


def _base(version: VersionRecord) -> str | None:
    return _mapping(version.lineage.get("base")).get("model")
