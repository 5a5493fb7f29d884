"""Pruning: a trial of a search ends early when the earlier trials show that it has no chance."""

import json
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from controller.job_protocol import JobFolder
from controller.training.fitting.callbacks import Validating
from controller.training.trials import Curve, TrialOrder, has_no_chance


class PrunedError(Exception):
    """The trial has no chance. A result and no failure: the runner answers it as such."""


class Pruning(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Raises PrunedError after a validation that leaves no chance.

    The curve so far is read back from the job's folder, so that a trial which is killed after its
    last word is pruned by the next attempt as well.
    """

    def __init__(self, order: TrialOrder | None, folder: JobFolder, validating: Validating) -> None:
        """``validating`` comes before this one among the callbacks; None is never pruned."""
        self._order = order
        self._points = {} if order is None else read_points(folder, order.metric)
        self._validating = validating

    def on_train_begin(
        self, _args: TrainingArguments, _state: TrainerState, _control: TrainerControl, **_: Any
    ) -> None:
        """An attempt before may have been killed between its last value and its end."""
        self._judge()

    def on_step_end(
        self, _args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Take in what was just measured; a trial that ends here anyway is left to end."""
        measured = self._validating.metrics_at(state.global_step)
        if self._order is None or measured is None or self._order.metric not in measured:
            return
        self._points[state.global_step] = measured[self._order.metric]
        if state.global_step < state.max_steps and not control.should_training_stop:
            self._judge()

    def _judge(self) -> None:
        if self._order is not None and has_no_chance(_in_order(self._points), self._order):
            raise PrunedError


def trial_result(order: TrialOrder | None, folder: JobFolder) -> dict[str, Any]:
    """The trial's part of the job's result; nothing for a training that is no trial."""
    if order is None:
        return {}
    curve = _in_order(read_points(folder, order.metric))
    return {"trial": {"search": order.search, "metric": order.metric, "curve": list(curve)}}


def read_points(folder: JobFolder, metric: str) -> dict[int, float]:
    """Step → the metric on the validation rows, as the job in ``folder`` has told it."""
    path = folder.path / "progress.jsonl"
    if not path.exists():
        return {}
    # A resumed run repeats the steps since its checkpoint: the last value of a step stands.
    lines = (json.loads(line) for line in path.read_text().splitlines())
    name = f"validation_{metric}"
    return {
        line["step"]: line["value"]
        for line in lines
        if line["kind"] == "point" and line["name"] == name
    }


def _in_order(points: dict[int, float]) -> Curve:
    return tuple(points[step] for step in sorted(points))
