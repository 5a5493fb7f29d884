"""lm_eval: one's own tasks of lm-evaluation-harness, asked of a generative version."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.errors import EvaluationError
from controller.evaluation.intervals import wilson
from controller.evaluation.predictors import Writes
from controller.evaluation.studies.base import Bench, Studied
from controller.evaluation.studies.harness.tasks import (
    HarnessTask,
    documents,
    read_rows,
    read_task,
)
from registry.records import Estimate
from specs.evaluation import Evaluation
from specs.lm_eval import LmEvalTask

SAMPLES_FILE = "lm_eval.json"
KEPT = ("doc_id", "filtered_resps", "target")


class HarnessStudy:
    """The declared tasks; every question's outcome is kept."""

    def is_wanted(self, evaluation: Evaluation) -> bool:
        """Whether the spec declares a task."""
        return bool(evaluation.lm_eval)

    def run(self, bench: Bench) -> Studied:
        """Ask every task.

        Raises:
            EvaluationError: The harness is not installed, or a task cannot be used.
        """
        assert isinstance(bench.predictor, Writes), "the harness is for causal-lm"
        try:
            # The harness is an extra, and takes seconds to load.
            from controller.evaluation.studies.harness.run import run_task  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise EvaluationError(
                f"evaluation.lm_eval needs {error.name}, which is not installed here",
                reason="LibraryMissing",
                fix="pip install 'trueup[lm-eval]'",
            ) from error
        metrics: dict[str, Estimate] = {}
        report: dict[str, Any] = {}
        kept: dict[str, Any] = {}
        for number, (name, wanted) in enumerate(bench.evaluation.lm_eval.items()):
            bench.tell(f"asking {name}")(number, len(bench.evaluation.lm_eval))
            task, rows = _read(wanted, bench.own_files)
            asked = documents(task, rows, shown=wanted.num_fewshot)
            samples = run_task(
                name, task, asked, version=bench.predictor, quantities=wanted.metrics
            )
            for quantity in wanted.metrics:
                metrics[f"lm_eval.{name}.{quantity}"] = _rate(quantity, samples)
            fields = (*KEPT, *wanted.metrics)
            kept[name] = [{field: sample.get(field) for field in fields} for sample in samples]
            report[name] = {"questions": len(samples), "shown": wanted.num_fewshot}
        return Studied(metrics, report, {SAMPLES_FILE: kept})


def check_tasks(evaluation: Evaluation, own: Mapping[str, Path]) -> None:
    """Render every question of every task, to say what does not fit before anything is trained.

    Raises:
        EvaluationError: A task cannot be used.
    """
    for wanted in evaluation.lm_eval.values():
        task, rows = _read(wanted, own)
        documents(task, rows, shown=wanted.num_fewshot)


def _read(wanted: LmEvalTask, own: Mapping[str, Path]) -> tuple[HarnessTask, list[dict[str, Any]]]:
    task = read_task(own[wanted.config].read_bytes(), wanted.config)
    return task, read_rows(own[wanted.data].read_bytes(), wanted.data)


def _rate(quantity: str, samples: Sequence[Mapping[str, Any]]) -> Estimate:
    """Each of the quantities is right or wrong, question by question."""
    n = len(samples)
    rate = sum(float(sample[quantity]) for sample in samples) / n
    return Estimate(rate, *wilson(rate, n), n, "wilson")
