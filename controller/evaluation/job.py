"""The evaluation job: predict held-out rows, measure, write evidence. The main path."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from controller.errors import EvaluationError
from controller.evaluation.answer_scores import Score, add_scores, answer_scores
from controller.evaluation.as_it_is import (
    BASE,
    BASE_ROWS_FILE,
    exclude_alike,
    measure_as_it_is,
)
from controller.evaluation.chances import CHANCES, packed
from controller.evaluation.evidence import ROWS_FILE, rows_from
from controller.evaluation.judging import add_judge_scores, probe_judge
from controller.evaluation.loading import load_as_it_is, load_version
from controller.evaluation.measuring import measure_rows
from controller.evaluation.metrics import measure
from controller.evaluation.overfit import gap_of_accuracy, gap_of_losses, sample_of
from controller.evaluation.own_files import OwnFiles
from controller.evaluation.predictors import (
    JudgedRow,
    KnowsChances,
    KnowsLosses,
    Predictor,
    PreparedRow,
)
from controller.evaluation.reference import reference_of
from controller.evaluation.report import as_json, worst_rows
from controller.evaluation.studies import run_studies
from controller.evaluation.studies.base import Bench, Studied
from controller.job_protocol import JobFolder, write_atomically
from registry.records import Estimate
from specs.evaluation import Evaluation

METRICS_FILE = "metrics.json"
REFERENCE_FILE = "reference.json"
OVERFIT_GAP = "overfit_gap"
RANKING = "roc_auc"
NEAR_LEAK = "near_leak"


@dataclass(frozen=True)
class EvaluationJob:
    """``job.json`` of an evaluation job."""

    task: str
    version: Path
    base: Path
    prepared: Path
    metrics: tuple[str, ...]
    excludes_near_leaks: bool
    evaluation: Evaluation
    """The spec's section: which studies are wanted."""
    seed: int
    own_files: OwnFiles
    """Files of the repository that ``evaluation`` names."""
    judge_scores: Path
    """The file that keeps what a judge said."""
    compares_with_base: bool
    """Whether a gate asks for the base as it is."""

    @classmethod
    def of(cls, job: Mapping[str, Any]) -> "EvaluationJob":
        """Read the job's JSON."""
        return cls(
            task=job["task"],
            version=Path(job["version"]),
            base=Path(job["base"]["folder"]),
            prepared=Path(job["prepared"]),
            metrics=tuple(job["metrics"]),
            excludes_near_leaks=job.get("near_leakage") == "exclude_from_gates",
            evaluation=Evaluation.model_validate(job.get("evaluation", {})),
            seed=job.get("seed", 0),
            own_files=OwnFiles.of(job.get("own_files")),
            judge_scores=Path(job.get("judge_scores", "judge_scores.jsonl")),
            compares_with_base=job.get("compares_with_base", False),
        )


def evaluate(folder: JobFolder) -> dict[str, Any]:
    """Run an evaluation job; return its result.

    Raises:
        EvaluationError: The version cannot be measured on these rows.
    """
    job = EvaluationJob.of(folder.job)
    folder.progress("loading", 0, 1)
    own = job.own_files.fetch(folder.path / "own_files")
    scores = answer_scores(job.metrics, job.evaluation, own)
    probe_judge(job.evaluation, own)
    predictor = load_version(job.task, job.version, job.base)
    splits = {name: _read(job.prepared, name) for name in ("validation", "test")}
    judged = {
        name: predictor.judge(rows, _teller(folder, f"predicting {name}"))
        for name, rows in splits.items()
    }
    for name, lines in judged.items():
        _keep_chances(job, predictor, splits[name], lines)
        add_scores(scores, splits[name], lines)
    asked = zip(splits["test"], judged["test"], strict=True)
    tell = _teller(folder, "asking the judge")
    add_judge_scores(job.evaluation, own, list(asked), scores=job.judge_scores, tell=tell)
    folder.progress("measuring", 0, 1)
    _exclude(job, splits["test"], judged["test"])
    measured = measure_rows(
        job.metrics,
        judged,
        labels=predictor.labels if isinstance(predictor, KnowsChances) else (),
        derived=_derived(job, predictor, judged["test"]),
        near_twins={place for place, row in enumerate(splits["test"]) if row.get(NEAR_LEAK)},
    )
    texts = {name: [predictor.text_of(row) for row in rows] for name, rows in splits.items()}
    measured["report"]["worst"] = worst_rows(judged["test"], texts["test"])
    known = (predictor.text_of(row) for row in _read(job.prepared, "train"))
    reference = reference_of(
        known,
        judged["validation"] + judged["test"],
        texts["validation"] + texts["test"],
    )
    bench = Bench(
        evaluation=job.evaluation,
        predictor=predictor,
        rows=splits["test"],
        judged=judged["test"],
        training_rows=partial(_read, job.prepared, "train"),
        seed=job.seed,
        own_files=own,
        version=job.version,
        base=job.base,
        tell=partial(_teller, folder),
    )
    files = _add_studies(measured, run_studies(bench))
    _add_base(job, folder, measured, _Answers(splits["test"], judged["test"], scores))
    folder.progress("writing", 0, 1)
    _write(folder.output, measured, judged["test"], reference)
    for name, document in files.items():
        write_atomically(folder.output / name, json.dumps(document))
    folder.progress("writing", 1, 1)
    return {"metrics": {name: value["value"] for name, value in measured["metrics"].items()}}


def _add_studies(measured: dict[str, Any], found: Mapping[str, Studied]) -> dict[str, Any]:
    """Put what studies found beside what was measured; return the files they want kept."""
    files: dict[str, Any] = {}
    for name, studied in found.items():
        measured["metrics"] |= as_json(studied.metrics)
        measured["report"][name] = studied.report
        files |= studied.files
    return files


@dataclass(frozen=True)
class _Answers:
    """The version's own answers."""

    rows: Sequence[PreparedRow]
    judged: Sequence[JudgedRow]
    scores: Mapping[str, Score]


def _add_base(
    job: EvaluationJob, folder: JobFolder, measured: dict[str, Any], own: _Answers
) -> None:
    """Measure the base as it is beside the version, where a gate compares with it."""
    if not job.compares_with_base:
        return
    predictor = load_as_it_is(job.task, job.version, job.base)
    judged = predictor.judge(own.rows, _teller(folder, "predicting with the base as it is"))
    _keep_chances(job, predictor, own.rows, judged)
    add_scores(own.scores, own.rows, judged)
    exclude_alike(judged, own.judged)
    labels = measured["report"]["labels"]
    measured["report"][BASE] = measure_as_it_is(job.metrics, judged, labels=labels)
    _write_rows(folder.output / BASE_ROWS_FILE, judged)


def _teller(folder: JobFolder, phase: str) -> Callable[[int, int], None]:
    started = time.monotonic()

    def tell(step: int, steps: int) -> None:
        # The longest texts come first, so this errs on the side of too long.
        eta = (time.monotonic() - started) * (steps - step) / step if step else None
        folder.progress(phase, step, steps, eta_seconds=eta)

    return tell


def _read(prepared: Path, split: str) -> list[PreparedRow]:
    with (prepared / f"{split}.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _exclude(job: EvaluationJob, rows: Sequence[PreparedRow], judged: list[JudgedRow]) -> None:
    """Mark the rows that gates leave out."""
    if not job.excludes_near_leaks:
        return
    for row, line in zip(rows, judged, strict=True):
        if row.get(NEAR_LEAK):
            line["excluded"] = NEAR_LEAK
    if all("excluded" in line for line in judged):
        raise EvaluationError(
            f"all {len(judged):,} test rows nearly repeat training rows; none is left to judge by",
            reason="NoCleanTestRows",
            fix="give test rows of another origin, or set data.checks.near_leakage: report",
        )


def _derived(
    job: EvaluationJob, predictor: Predictor, judged: Sequence[JudgedRow]
) -> dict[str, Estimate]:
    """Measure how much better the version knows its training rows, where that is wanted."""
    if OVERFIT_GAP not in job.metrics:
        return {}
    counted = [line for line in judged if "excluded" not in line]
    if isinstance(predictor, KnowsLosses):
        known = predictor.losses_of(sample_of(_read(job.prepared, "train")))
        return {OVERFIT_GAP: gap_of_losses(known, [line["loss"] for line in counted])}
    # A classifier's training has said its own.
    return {OVERFIT_GAP: gap_of_accuracy(job.version, measure("accuracy", rows_from(counted)))}


def _keep_chances(
    job: EvaluationJob,
    predictor: Predictor,
    rows: Sequence[PreparedRow],
    judged: Sequence[JudgedRow],
) -> None:
    """Add every label's probability to the rows, where a metric asks for it."""
    if RANKING not in job.metrics or not isinstance(predictor, KnowsChances):
        return
    chances = predictor.chances_of([predictor.text_of(row) for row in rows], _tell_nobody)
    for line, found in zip(judged, chances, strict=True):
        line[CHANCES] = packed(found)


def _tell_nobody(_step: int, _steps: int) -> None:
    """The texts have been predicted: nothing takes time."""


def _write(
    output: Path,
    measured: Mapping[str, Any],
    judged: Sequence[JudgedRow],
    reference: Mapping[str, Any],
) -> None:
    _write_rows(output / ROWS_FILE, judged)
    write_atomically(output / REFERENCE_FILE, json.dumps(reference))
    write_atomically(output / METRICS_FILE, json.dumps(measured, indent=1))


def _write_rows(path: Path, judged: Sequence[JudgedRow]) -> None:
    write_atomically(path, "".join(json.dumps(row) + "\n" for row in judged))
