"""Realistic rows for tests: a model, its versions, and what was said of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from registry.records import (
    Blob,
    Estimate,
    EvaluationDraft,
    GateReport,
    GateVerdict,
    Json,
    RunKind,
    RunRecord,
    RunState,
    Verdict,
    VersionDraft,
    VersionRecord,
)
from registry.store import aliases, evaluations, models, runs, verdicts, versions
from registry.store.database import Session
from registry.traffic_records import Observation, SignalDraft
from specs.conditions import Condition, ConditionStatus, ConditionType
from specs.digest import digest_of
from specs.names import LIVE, Revision, revision

NOW = datetime(2026, 3, 4, 5, 6, 7, 890000, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
MODEL = "support-intents"
REVISION = revision("main", "a1b2c3d4" * 5)
GATES = digest_of("gates")
SPEC = {
    "metadata": {"name": MODEL},
    "spec": {
        "task": "text-classification",
        "base": {"model": "sentence-transformers/all-MiniLM-L6-v2"},
        "training": {"method": "lora"},
        "promotion": {"mode": "automatic", "pin": None},
        "gates": [{"metric": "f1_macro", "min": 0.85}],
    },
}


def declare(session: Session, name: str = MODEL, *, spec: Json = SPEC) -> None:
    models.declare_model(
        session, name, path=f"specs/{name}.yaml", revision=REVISION, spec=spec, now=NOW
    )


def start_run(
    session: Session, model: str = MODEL, *, of: str = "one", kind: RunKind = RunKind.TRAIN
) -> RunRecord:
    return runs.start_run(
        session,
        model=model,
        kind=kind,
        digest=digest_of(of),
        revision=REVISION,
        trigger="commit",
        job={"pid": 4711, "folder": "/secret/place"},
        now=NOW,
    )


def version_draft(of: str, *, model: str = MODEL, at: Revision = REVISION) -> VersionDraft:
    return VersionDraft(
        model=model,
        training_digest=digest_of(of),
        revision=at,
        run_id="r-aaaaaaaaaa",
        files={"trueup.json": Blob(digest_of("file of " + of), 512)},
        lineage={
            "inputs": {
                "data": {"task": "text-classification"},
                "training": {"method": "lora", "seed": 17, "arguments": {"learning_rate": 0.001}},
            },
            "base": {"model": "sentence-transformers/all-MiniLM-L6-v2", "revision": "sha256:12"},
            "data": {"data/train.csv": "md5:0123456789abcdef0123456789abcdef"},
            "libraries": {"torch": "2.13.0"},
            "machine": {"cores": 2},
        },
        training={"duration_seconds": 84.5},
    )


def register(
    session: Session, of: str, *, model: str = MODEL, data: Json | None = None
) -> VersionRecord:
    draft = version_draft(of, model=model)
    if data is not None:
        draft = replace(draft, lineage={**draft.lineage, "data": data})
    return versions.record_version(session, draft, now=NOW)


def estimate(value: float, n: int = 300) -> Estimate:
    return Estimate(value, value - 0.03, value + 0.03, n, "bootstrap")


def evaluation_draft(version: VersionRecord, value: float = 0.9) -> EvaluationDraft:
    return EvaluationDraft(
        model=version.model,
        version=version.number,
        evaluation_digest=digest_of([version.training_digest, "evaluation"]),
        run_id="r-bbbbbbbbbb",
        metrics={"f1_macro": estimate(value), "accuracy": estimate(value + 0.01)},
        slices={"channel=chat": {"f1_macro": estimate(value - 0.05, n=80)}},
        report={"notes": ["judged"]},
        files={"rows.jsonl": Blob(digest_of("rows"), 10)},
    )


def gate_report(version: VersionRecord, *, verdict: Verdict = Verdict.PASS) -> GateReport:
    is_pass = verdict is Verdict.PASS
    one = GateVerdict(
        gate={"metric": "f1_macro", "min": 0.85},
        slice=None,
        verdict=verdict,
        blocks=not is_pass,
        evidence=estimate(0.9),
        needed=0.85,
        message="f1_macro 0.900, at least 0.85",
    )
    return GateReport(
        model=version.model,
        version=version.number,
        gates_digest=GATES,
        evaluation_digest=digest_of([version.training_digest, "evaluation"]),
        against=None,
        passed=is_pass,
        verdicts=(one,),
        created_at=NOW,
    )


def judged(
    session: Session, of: str, *, model: str = MODEL, verdict: Verdict = Verdict.PASS
) -> VersionRecord:
    """A version with evidence and a verdict."""
    version = register(session, of, model=model)
    evaluations.record_evaluation(session, evaluation_draft(version), now=NOW)
    verdicts.record_gate_report(session, gate_report(version, verdict=verdict))
    return version


def go_live(session: Session, version: VersionRecord) -> None:
    at = aliases.find_alias(session, version.model, LIVE)
    aliases.move_alias(
        session,
        version.model,
        LIVE,
        to=version.number,
        expected=at.version if at else None,
        by="trueup",
        reason="gates passed",
        now=NOW,
    )


def two_versions(session: Session, model: str = MODEL) -> None:
    """A declared model whose second version is live, after the first."""
    declare(session, model)
    for of in ("one", "two"):
        go_live(session, judged(session, f"{model} {of}", model=model))


def finish(session: Session, run: RunRecord) -> None:
    runs.finish_run(session, run.id, state=RunState.SUCCEEDED, result={"ok": True}, now=LATER)


def condition(
    kind: ConditionType, status: ConditionStatus, *, at: datetime = NOW, message: str = "so it is"
) -> Condition:
    return Condition(kind, status, "Reason", message, REVISION, at)


def signal_draft(detector: str, ratio: float, *, version: int = 1) -> SignalDraft:
    return SignalDraft(
        model=MODEL,
        version=version,
        detector=detector,
        statistic=0.1,
        threshold=0.2,
        evidence_ratio=ratio,
        is_alarm=ratio >= 1,
        n=500,
        cause={"terms": ["refund"]},
    )


def observation(text: str, *, version: int = 1, model: str = MODEL) -> Observation:
    return Observation(
        request_id=f"id of {text}",
        model=model,
        version=version,
        at=NOW,
        text=text,
        label="billing",
        score=0.9,
        slices={"channel": "chat"},
        latency_seconds=0.012,
    )
