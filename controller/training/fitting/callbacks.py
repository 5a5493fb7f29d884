"""What happens between the steps of a fit: progress, curves, checkpoints, stopping on request."""

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from controller.job_protocol import JobFolder
from controller.training.fitting.checkpoints import PREFIX, seal
from controller.training.fitting.stopping import Stopping
from controller.training.fitting.together import any_of
from controller.training.learner import Metrics
from controller.training.ranks import is_first
from controller.training.spent import Spent

PROGRESS_EVERY_SECONDS = 0.5
CURVES = {"loss": "train_loss", "learning_rate": "learning_rate", "grad_norm": "grad_norm"}
"""The trainer's names of logged values, and ours."""
VALIDATION_CURVES = ("loss", "accuracy", "f1_macro")


def ending(state: TrainerState) -> dict[str, Any]:
    """How far the trainer is: what a result, or a run that is resumed after its end, needs."""
    losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
    return {
        "step": state.global_step,
        "epoch": state.epoch or 0.0,
        "tokens": int(state.num_input_tokens_seen),
        "train_loss": losses[-1] if losses else None,
    }


def validate_and_record(
    folder: JobFolder, validate: Callable[[], Metrics], *, step: int
) -> Metrics:
    """What ``validate`` measures, and its points on the curves."""
    folder.progress("validating", 0, 1)
    metrics = validate()
    for name in VALIDATION_CURVES:
        if name in metrics:
            folder.point(step, f"validation_{name}", metrics[name])
    return metrics


class StopRequest:
    """SIGTERM, remembered until the step ends, so that no work is lost."""

    def __init__(self) -> None:
        self.is_made = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Inside, SIGTERM is a request; outside, whatever it was before."""
        before = signal.signal(signal.SIGTERM, self._remember)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    def _remember(self, _number: int, _frame: Any) -> None:
        self.is_made = True


class Reporting(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Progress and curve points into the job's folder."""

    def __init__(self, folder: JobFolder, message: str = "") -> None:
        """``folder`` takes the lines, each with ``message``."""
        self._folder = folder
        self._message = message
        self._started = 0.0
        self._first_step = 0
        self._last_line = -math.inf

    def on_train_begin(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_: Any
    ) -> None:
        """The clock of the estimate starts."""
        self._started = time.monotonic()
        self._first_step = state.global_step
        self._folder.progress("training", state.global_step, state.max_steps, message=self._message)

    def on_step_end(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_: Any
    ) -> None:
        """One line of progress, not more than two a second."""
        now = time.monotonic()
        is_last = state.global_step >= state.max_steps
        if now - self._last_line < PROGRESS_EVERY_SECONDS and not is_last:
            return
        self._last_line = now
        done = state.global_step - self._first_step
        left = (now - self._started) / done * (state.max_steps - state.global_step)
        self._folder.progress(
            "training",
            state.global_step,
            state.max_steps,
            message=self._message,
            eta_seconds=round(left, 1),
        )

    def on_log(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **given: Any
    ) -> None:
        """Points of the training curve."""
        for name, value in given["logs"].items():
            if name in CURVES:
                self._folder.point(state.global_step, CURVES[name], value)


class Validating(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Validation after every epoch, or every so many steps, and the end when it says so.

    Measured at the end of a step, not of an epoch: so it comes before the step's checkpoint, and a
    run that is resumed there has neither lost nor doubled an evaluation.
    """

    def __init__(
        self,
        folder: JobFolder,
        validate: Callable[[], Metrics],
        stopping: Stopping,
        eval_steps: int | None,
    ) -> None:
        """``validate`` measures the model as it is; ``eval_steps`` None is once an epoch."""
        self._folder = folder
        self._validate = validate
        self._stopping = stopping
        self._eval_steps = eval_steps
        self._measured_at = -1
        self._metrics: Metrics = {}

    def on_step_end(
        self, _args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Measure when it is time, and end the run when early stopping says so."""
        step = state.global_step
        if step >= state.max_steps or self._is_due(state):
            self._stopping.judge(step, self.measure(step))
        stopped_at = self._stopping.standing.stopped_at_step
        if stopped_at is not None:
            message = f"stopped early at step {stopped_at}"
            self._folder.progress("training", step, state.max_steps, message=message)
            control.should_save = True
            control.should_training_stop = True
        return control

    def _is_due(self, state: TrainerState) -> bool:
        if self._eval_steps is not None:
            return bool(state.global_step % self._eval_steps == 0)
        return bool(state.epoch == int(state.epoch))

    def metrics_at(self, step: int) -> Metrics | None:
        """What was measured at ``step``; None when nothing was."""
        return self._metrics if self._measured_at == step else None

    def measure(self, step: int) -> Metrics:
        """The metrics at ``step``, measured now unless they were already."""
        if self._measured_at != step:
            self._metrics = validate_and_record(self._folder, self._validate, step=step)
            self._measured_at = step
        return self._metrics


class Checkpointing(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Seals what the trainer saved, and saves and stops when asked to."""

    def __init__(
        self, checkpoints: Path, spent: Spent, stop: StopRequest, stopping: Stopping
    ) -> None:
        """``checkpoints`` is where the trainer saves."""
        self._checkpoints = checkpoints
        self._spent = spent
        self._stop = stop
        self._stopping = stopping

    def on_step_end(
        self, _args: TrainingArguments, _state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """A step's end is the only place where stopping and going on give the same weights."""
        if any_of(self._stop.is_made):  # in any process: all stop at the same step
            self._stop.is_made = True
            control.should_save = True
            control.should_training_stop = True
        return control

    def on_save(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_: Any
    ) -> None:
        """Only now does the checkpoint count."""
        if not is_first():
            return
        stopped = self._stopping.standing.stopped_at_step is not None
        facts = {
            "is_finished": stopped or state.global_step >= state.max_steps,
            **ending(state),
            **self._stopping.facts(),
            **self._spent.now(),
        }
        folder = self._checkpoints / f"{PREFIX}{state.global_step}"
        seal(folder, facts, needs=self._stopping.needs())
        self._stopping.tidy()
