"""Values for tests of code that decides: a desired state and what may be observed of it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.planner import plan
from controller.state import Desired, Digests, Judged, Observed
from registry.bases import ResolvedBase
from registry.records import (
    Estimate,
    EvaluationRecord,
    Failure,
    GateReport,
    GateVerdict,
    HoldRecord,
    RunKind,
    RunRecord,
    RunState,
    Verdict,
    VersionRecord,
)
from registry.traffic_records import SignalRecord
from registry.trial_records import TrialRecord, TrialState
from specs.model import ModelSpec
from specs.names import Digest, Revision

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
REVISION = Revision("main@sha1:" + "a" * 40)
DIGESTS = Digests(
    data=Digest("sha256:data"),
    estimate=Digest("sha256:estimate"),
    training=Digest("sha256:training"),
    evaluation=Digest("sha256:evaluation"),
    measurement=Digest("sha256:measurement"),
    criteria=Digest("sha256:criteria"),
    gates=Digest("sha256:gates"),
)
OTHER_TRAINING = Digest("sha256:other-training")
OTHER_EVALUATION = Digest("sha256:other-evaluation")


def model_spec(**changes: Any) -> ModelSpec:
    """A small valid spec; ``changes`` replace sections of ``spec``."""
    spec: dict[str, Any] = {
        "task": "text-classification",
        "base": {"model": "sentence-transformers/all-MiniLM-L6-v2"},
        "data": {"train": "data/train.csv", "test": "data/test.csv"},
        "gates": [{"metric": "accuracy", "min": 0.5}],
    }
    return ModelSpec.model_validate(
        {
            "apiVersion": "trueup/v1",
            "kind": "Model",
            "metadata": {"name": "intents"},
            "spec": spec | changes,
        }
    )


def desired(**changes: Any) -> Desired:
    """What git wants; ``changes`` replace sections of the spec."""
    return Desired(
        model=model_spec(**changes),
        path="specs/intents.yaml",
        revision=REVISION,
        hashes={"data/train.csv": "md5:1", "data/test.csv": "md5:2"},
        base=ResolvedBase("base", "sha256:base", Path("/base"), "mirror"),
        digests=DIGESTS,
        training_inputs={},
    )


def version(number: int, digest: Digest = DIGESTS.training) -> VersionRecord:
    """A registered version."""
    return VersionRecord("intents", number, digest, REVISION, f"r-{number}", {}, {}, {}, NOW)


def evaluation(number: int, digest: Digest = DIGESTS.evaluation) -> EvaluationRecord:
    """Stored evidence about a version."""
    return EvaluationRecord("intents", number, digest, "r-e", {}, {}, {}, {}, NOW)


def gate_report(number: int, *verdicts: Verdict) -> GateReport:
    """Verdicts on a version; it passed when all of them did."""
    made = tuple(
        GateVerdict(
            gate={"metric": "accuracy", "min": 0.5},
            slice=None,
            verdict=verdict,
            blocks=verdict is not Verdict.PASS,
            evidence=Estimate(0.9, 0.8, 0.95, 100, "wilson"),
            needed=0.5,
            message=f"accuracy {verdict}",
        )
        for verdict in verdicts
    )
    passed = all(verdict is Verdict.PASS for verdict in verdicts)
    return GateReport("intents", number, DIGESTS.gates, DIGESTS.evaluation, None, passed, made, NOW)


def judged(
    number: int,
    *verdicts: Verdict,
    digest: Digest = DIGESTS.training,
    evaluated: bool = True,
) -> Judged:
    """A version with evidence and, when ``verdicts`` are given, a gate report."""
    is_wanted = digest == DIGESTS.training
    measured = evaluation(number) if evaluated else None
    report = gate_report(number, *verdicts) if verdicts and evaluated else None
    return Judged(
        version=version(number, digest),
        evaluation_digest=DIGESTS.evaluation if is_wanted else OTHER_EVALUATION,
        evaluation=measured,
        report=report,
        has_ever_passed=bool(verdicts) and all(v is Verdict.PASS for v in verdicts),
        measured=measured,
        verification=report,
    )


def only_measured(judged: Judged) -> Judged:
    """The same, measured beside other training rows than are wanted now."""
    return replace(judged, evaluation=None, report=None)


def running(digest: Digest, kind: RunKind = RunKind.TRAIN) -> RunRecord:
    """A run that is going on."""
    return RunRecord(
        id="r-1",
        model="intents",
        kind=kind,
        digest=digest,
        revision=REVISION,
        trigger="commit",
        state=RunState.RUNNING,
        attempt=1,
        job={},
        progress=None,
        result=None,
        failure=None,
        started_at=NOW,
        finished_at=None,
    )


def hold(number: int, *, written_back: Revision | None = None) -> HoldRecord:
    """A rollback's hold."""
    return HoldRecord(1, "intents", number, "bad answers", "ann", NOW, written_back, None)


def alarm(ratio: float = 1.3) -> SignalRecord:
    """A data-drift signal about version 1; an alarm from 1 on."""
    return SignalRecord(
        1, NOW, "intents", 1, "prediction", 9.0, 5.0, ratio, ratio >= 1, 400, {}
    )  # fmt: skip


def trial(
    number: int,
    state: TrialState = TrialState.SUCCEEDED,
    *,
    value: float | None = None,
    of: int = 3,
) -> TrialRecord:
    """A trial of the wanted search."""
    return TrialRecord(
        model="intents",
        search_digest=DIGESTS.training,
        number=number,
        of=3,
        digest=Digest(f"sha256:trial-{number}"),
        base="base",
        parameters={"learning_rate": number / 1000},
        metric="f1_macro",
        created_at=NOW,
        state=state,
        run_id=f"r-{number}",
        version=None,
        value=value if state is TrialState.SUCCEEDED else None,
        curve=(),
        is_reused=False,
        seconds=1.0,
        failure=Failure("LossNotFinite", "no number") if state is TrialState.FAILED else None,
    )


NOTHING = Observed()


PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
PLANNED, RUNNING, FAILED = TrialState.PLANNED, TrialState.RUNNING, TrialState.FAILED
SEARCH = {"search": {"trials": 3, "parameters": {"learning_rate": {"low": 0.001, "high": 0.01}}}}
ROLLBACK = {"promotion": {"on_failed_reverification": "rollback"}}


def kinds(wanted: Desired, observed: Observed) -> list[type]:
    return [type(action) for action in plan(wanted, observed)]
