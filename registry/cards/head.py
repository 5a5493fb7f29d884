"""Hugging Face's metadata of a card: what the hub reads. Pure."""

import math
from typing import Any

from registry.cards.known import Known
from registry.records import EvaluationRecord


def head_of(known: Known) -> dict[str, Any]:
    """Write what is known: nothing that nobody declared is claimed."""
    task, base = known.task, known.base.get("model")
    head: dict[str, Any] = {}
    if isinstance(base, str) and not base.startswith((".", "/", "registry:")):
        head["base_model"] = base
    head |= {
        name: str(known.labels[name]) for name in ("license", "language") if name in known.labels
    }
    if task:
        head["pipeline_tag"] = "text-generation" if task == "causal-lm" else task
    head["tags"] = [tag for tag in ("trueup", task, known.training.get("method")) if tag]
    if known.evaluation is not None:
        entry = _index_entry(known, known.evaluation)
        head |= {"model-index": [entry]} if entry["results"][0]["metrics"] else {}
    return head


def _index_entry(known: Known, evaluation: EvaluationRecord) -> dict[str, Any]:
    version = known.version
    values = [
        {"type": name, "value": round(estimate.value, 6)}
        for name, estimate in evaluation.metrics.items()
        if math.isfinite(estimate.value)
    ]
    dataset = {"name": f"{version.model}, held-out rows", "type": version.model, "split": "test"}
    task = "text-generation" if known.task == "causal-lm" else known.task or "other"
    result = {"task": {"type": task}, "dataset": dataset, "metrics": values}
    return {"name": f"{version.model}@{version.number}", "results": [result]}
