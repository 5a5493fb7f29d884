"""Find the version that shows what mitigation was worth, and compare with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.context import Context
from controller.evaluation.evidence import ROWS_FILE, Evidence, evidence_of, read_rows
from controller.gates.mitigated import (
    compare,
    declared_in,
    nothing_to_compare_with,
    without_mitigation,
)
from registry.records import Estimate, EvaluationRecord, VersionRecord
from registry.store import evaluations, versions


def worth_of_mitigation(
    context: Context,
    version: VersionRecord,
    measured: Mapping[str, Mapping[str, Any]],
    output: Path,
) -> dict[str, Any] | None:
    """Compare a version that was trained with mitigation with its like without; None: it was not.

    Args:
        context: The pass over the model.
        version: The version that was measured.
        measured: What its evaluation wrote: ``metrics``, ``slices`` and ``report``.
        output: The folder with its ``rows.jsonl``.
    """
    inputs = version.lineage["inputs"]
    if declared_in(inputs) is None:
        return None
    plain = _measured_without(context, version)
    if plain is None:
        return nothing_to_compare_with()
    rows = context.tools.artifacts.read_bytes(plain.files[ROWS_FILE].digest)
    mine = Evidence(
        version.number,
        _estimates(measured["metrics"]),
        {name: _estimates(found) for name, found in measured["slices"].items()},
        read_rows(
            (output / ROWS_FILE).read_bytes().splitlines(),
            labels=measured["report"].get("labels", ()),
        ),
    )
    return compare(mine, evidence_of(plain, rows))


def _measured_without(context: Context, version: VersionRecord) -> EvaluationRecord | None:
    """The newest like version's evidence by the measurement that is wanted now."""
    wanted = without_mitigation(version.lineage["inputs"])
    with context.tools.database.reading() as session:
        for other in reversed(versions.list_versions(session, version.model)):
            inputs = other.lineage.get("inputs", {})
            if not inputs or other.number == version.number or declared_in(inputs) is not None:
                continue
            if without_mitigation(inputs) == wanted:
                digest = context.desired.digests.measurement
                return evaluations.find_measured(session, other.model, other.number, digest)
    return None


def _estimates(measured: Mapping[str, Any]) -> dict[str, Estimate]:
    return {name: Estimate(**value) for name, value in measured.items()}
