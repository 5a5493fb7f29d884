"""Stand-ins below a Protocol, for tests of what decides: never of what does the work."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from controller.evaluation.chances import CHANCES, packed
from controller.executors.base import Finished, Job, JobState, Lost, Running
from registry.records import Estimate

CERTAIN = {
    name: packed(np.array(chances, dtype=np.float32))
    for name, chances in {"a": (0.9, 0.1), "b": (0.1, 0.9)}.items()
}
"""Answer → the probabilities of both labels, as an evaluation's rows keep them."""


class ScriptedExecutor:
    """An executor whose jobs do at once what the test has told them to, without a process."""

    def __init__(self) -> None:
        self.threads = 1
        self.accuracy = 0.95
        """What evaluations measure, unless the next says otherwise."""
        self.accuracy_of_seed: dict[int, float] = {}
        """Training seed → what is measured of the version that it gave."""
        self.value_of_trial: dict[int, float | None] = {}
        """Trial number → what it measures on validation rows; None: the trial fails."""
        self.validation_rows = "{}\n"
        """What data jobs leave as validation rows."""
        self.results: dict[str, dict[str, Any]] = {}
        """Kind → the result of its jobs, in place of success."""
        self.held: set[str] = set()
        """Kinds whose jobs run on until they are taken out of here."""
        self.lost: set[str] = set()
        """Kinds whose next job is lost."""
        self.started: list[str] = []
        self.killed: list[Job] = []

    def prepare(self, folder: Path, job: Mapping[str, Any]) -> None:
        (folder / "output").mkdir(parents=True, exist_ok=True)
        (folder / "job.json").write_text(json.dumps(job))

    def start(self, kind: str, folder: Path, *, before: Job | None = None) -> Job:
        assert (folder / "job.json").exists(), "a job is started only with its input"
        self.started.append(kind)
        return dict(before or {}) | {"kind": kind, "pid": 0}

    def poll(self, folder: Path, job: Job) -> JobState:
        kind = job["kind"]
        if kind in self.held:
            return Running()
        if kind in self.lost:
            self.lost.discard(kind)
            return Lost()
        if kind in self.results:
            result = self.results[kind]
        else:
            given = json.loads((folder / "job.json").read_text())
            result = {"ok": True} | getattr(self, f"_{kind}")(folder / "output", given)
        (folder / "result.json").write_text(json.dumps(result))
        return Finished(result)

    def interrupt(self, job: Job) -> None:
        self.killed.append(job)

    def kill(self, job: Job) -> None:
        self.killed.append(job)

    def _data(self, _output: Path, job: dict[str, Any]) -> dict[str, Any]:
        prepared = Path(job["prepared"])
        prepared.mkdir(parents=True)
        (prepared / "validation.jsonl").write_text(self.validation_rows)
        (prepared / "labels.json").write_text('["card", "refund"]')
        (prepared / "report.json").write_text("{}")
        return {"rows": {"train": 10, "validation": 2, "test": 5}, "messages": []}

    def _estimate(self, _output: Path, _job: dict[str, Any]) -> dict[str, Any]:
        return {"costs": {"figures": {}, "warnings": ["it may take long"]}}

    def _train(self, output: Path, job: dict[str, Any]) -> dict[str, Any]:
        (output / "trueup.json").write_text(json.dumps(job["training"]))
        measured = {"duration_seconds": 1.0, "validation": {"f1_macro": 0.5}}
        return {"training": measured, "libraries": {}, "machine": {}}

    def _trial(self, output: Path, job: dict[str, Any]) -> dict[str, Any]:
        value = self.value_of_trial.get(job["trial"]["number"], 0.5)
        if value is None:
            failure = {"reason": "LossNotFinite", "message": "not a number", "fix": "lower it"}
            return {"ok": False, "is_transient": False} | failure
        result = self._train(output, job)
        measured = {"validation": {job["trial"]["metric"]: value}}
        return result | {"training": result["training"] | measured}

    def _evaluate(self, output: Path, job: dict[str, Any]) -> dict[str, Any]:
        seed = json.loads((Path(job["version"]) / "trueup.json").read_text())["seed"]
        accuracy = self.accuracy_of_seed.get(seed, self.accuracy)
        right = round(accuracy * 1000)
        rows = [
            {
                "row": row,
                "key": str(row),
                "label": "ab"[row % 2],
                "predicted": "ab"[(row + (row >= right)) % 2],
                "score": 0.9,
                "correct": row < right,
                "loss": 0.1,
                "slices": {},
                CHANCES: CERTAIN["ab"[(row + (row >= right)) % 2]],
            }
            for row in range(1000)
        ]
        (output / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
        (output / "reference.json").write_text("{}")
        estimate = Estimate(accuracy, accuracy - 0.02, accuracy + 0.02, 1000, "wilson")
        metrics = dict.fromkeys(("accuracy", "roc_auc"), vars(estimate))
        measured = {"metrics": metrics, "slices": {}, "report": {"labels": ["a", "b"]}}
        (output / "metrics.json").write_text(json.dumps(measured))
        return {}
