"""Records → wire types. Pure."""

from registry.api.schemas import (
    BlobOut,
    ConditionOut,
    CostOut,
    EstimateOut,
    GateReportOut,
    HeldOutFileOut,
    HoldOut,
    RunOut,
    SideBySideOut,
    StatusOut,
    VersionDetailOut,
    VersionOut,
)
from registry.costs import costs_of
from registry.evidence import HeldOutFile
from registry.overview import ModelStatus, VersionView


def status_out(status: ModelStatus) -> StatusOut:
    """One model's status."""
    model = status.model
    return StatusOut(
        name=model.name,
        revision=model.revision,
        live_version=status.live_version,
        waiting_for=model.waiting_for,
        conditions=[ConditionOut.model_validate(one) for one in status.conditions.values()],
        hold=None if status.hold is None else HoldOut.model_validate(status.hold),
        run=None if status.run is None else RunOut.model_validate(status.run),
        task=status.task,
        path=model.path,
    )


def version_out(view: VersionView) -> VersionOut:
    """One version in a list."""
    version = view.version
    return VersionOut(
        number=version.number,
        state=view.state,
        training_digest=version.training_digest,
        revision=version.revision,
        metrics=_metrics(view),
        created_at=version.created_at,
        aliases=list(view.aliases),
        run_id=version.run_id,
    )


def version_detail_out(view: VersionView, held_out: HeldOutFile | None) -> VersionDetailOut:
    """One version with everything; ``held_out`` is the file that it was measured on."""
    version, evaluation = view.version, view.evaluation
    slices = {} if evaluation is None else evaluation.slices
    return VersionDetailOut(
        **version_out(view).model_dump(exclude={"metrics"}),
        metrics=_metrics(view),
        model=version.model,
        files={path: BlobOut.model_validate(blob) for path, blob in version.files.items()},
        lineage=version.lineage,
        training=version.training,
        costs=[CostOut.model_validate(one) for one in costs_of(version)],
        slices={
            name: {metric: EstimateOut.model_validate(one) for metric, one in metrics.items()}
            for name, metrics in slices.items()
        },
        gates=None if view.gates is None else GateReportOut.model_validate(view.gates),
        report={} if evaluation is None else evaluation.report,
        evaluation_digest=None if evaluation is None else evaluation.evaluation_digest,
        rows=None if view.rows is None else SideBySideOut.model_validate(view.rows),
        held_out=None if held_out is None else HeldOutFileOut.model_validate(held_out),
    )


def _metrics(view: VersionView) -> dict[str, EstimateOut]:
    if view.evaluation is None:
        return {}
    return {name: EstimateOut.model_validate(one) for name, one in view.evaluation.metrics.items()}
