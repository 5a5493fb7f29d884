"""Data reports: what the checks said about a model's rows, as stored by content."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from registry.artifacts.base import ArtifactStore
from registry.errors import NotFoundError
from registry.records import Failure, Json, RunKind, RunRecord
from registry.store.database import Session
from registry.store.models import get_model
from registry.store.runs import latest_ended
from registry.store.versions import get_version, list_versions
from specs.names import Digest

DATA_REPORT = "data_report"
"""Where a run's result, and a version's lineage, name the report's digest."""


@dataclass(frozen=True)
class DataReportView:
    """A data report, and what it is about."""

    model: str
    version: int | None
    """The version whose rows it is about; None: the newest rows, trained on or not."""
    run: RunRecord | None
    """The data run that made it, where it is known."""
    digest: Digest | None
    """What it is stored by; None where there is none."""
    report: Json | None
    """The report; None where there is none, or its file is gone."""

    @property
    def failure(self) -> Failure | None:
        """Why the rows were refused, if they were."""
        return None if self.run is None else self.run.failure

    @property
    def is_refused(self) -> bool:
        """Whether the rows were refused: nothing was trained on them."""
        return self.failure is not None


def read_data_report(
    session: Session, artifacts: ArtifactStore, model: str, version: int | None = None
) -> DataReportView:
    """The report on the rows of ``version``, or on the newest rows of ``model``.

    Raises:
        NotFoundError: there is no such model or version.
    """
    get_model(session, model)
    if version is not None:
        digest = _digest_in(get_version(session, model, version).lineage)
        return DataReportView(model, version, None, digest, _read(artifacts, digest))
    run = latest_ended(session, model, RunKind.DATA)
    made = list_versions(session, model)
    own = _digest_in((run and run.result) or {})
    trained = _digest_in(made[-1].lineage) if made else None
    if trained not in (None, own) and (run is None or _ended_at(run) < made[-1].created_at):
        # Another model with the same rows prepared them; what was trained on them names the report.
        return DataReportView(model, None, None, trained, _read(artifacts, trained))
    return DataReportView(model, None, run, own, _read(artifacts, own))


def _ended_at(run: RunRecord) -> datetime:
    return run.finished_at or run.started_at


def store_report(artifacts: ArtifactStore, path: Path) -> Json:
    """Store a report by content; what a run's result or a lineage says of it. Empty without one."""
    return {DATA_REPORT: artifacts.put_file(path).digest} if path.is_file() else {}


def _digest_in(value: Json) -> Digest | None:
    found = value.get(DATA_REPORT)
    return Digest(found) if isinstance(found, str) else None


def _read(artifacts: ArtifactStore, digest: Digest | None) -> Json | None:
    if digest is None:
        return None
    try:
        report: dict[str, Any] = json.loads(artifacts.read_bytes(digest))
    except NotFoundError:
        return None
    return report
