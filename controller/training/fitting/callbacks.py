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
from controller.training.learner import Metrics
from controller.training.spent import Spent

PROGRESS_EVERY_SECONDS = 0.5
CURVES = {"loss": "train_loss", "learning_rate": "learning_rate"}
"""The trainer's names of logged values, and ours."""


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

    def __init__(self, folder: JobFolder) -> None:
        """``folder`` takes the lines."""
        self._folder = folder
        self._started = 0.0
        self._first_step = 0
        self._last_line = -math.inf

    def on_train_begin(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_: Any
    ) -> None:
        """The clock of the estimate starts."""
        self._started = time.monotonic()
        self._first_step = state.global_step
        self._folder.progress("training", state.global_step, state.max_steps)

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
            "training", state.global_step, state.max_steps, eta_seconds=round(left, 1)
        )

    def on_log(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **given: Any
    ) -> None:
        """Points of the training curve."""
        for name, value in given["logs"].items():
            if name in CURVES:
                self._folder.point(state.global_step, CURVES[name], value)


class Validating(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Validation after every epoch; the last one is kept, so that it is not done twice."""

    def __init__(self, folder: JobFolder, validate: Callable[[], Metrics]) -> None:
        """``validate`` measures the model as it is."""
        self._folder = folder
        self._validate = validate
        self.measured_at = -1
        self.metrics: Metrics = {}

    def on_epoch_end(
        self, _args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Measure, and record the points."""
        if not control.should_training_stop or state.global_step >= state.max_steps:
            self.measure(state.global_step)

    def measure(self, step: int) -> Metrics:
        """The metrics at ``step``, measured now unless they were already."""
        if self.measured_at != step:
            self._folder.progress("validating", 0, 1)
            self.metrics = self._validate()
            self.measured_at = step
            for name in ("loss", "accuracy"):
                if name in self.metrics:
                    self._folder.point(step, f"validation_{name}", self.metrics[name])
        return self.metrics


class Checkpointing(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Seals what the trainer saved, and saves and stops when asked to."""

    def __init__(self, checkpoints: Path, spent: Spent, stop: StopRequest) -> None:
        """``checkpoints`` is where the trainer saves."""
        self._checkpoints = checkpoints
        self._spent = spent
        self._stop = stop

    def on_step_end(
        self, _args: TrainingArguments, _state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """A step's end is the only place where stopping and going on give the same weights."""
        if self._stop.is_made:
            control.should_save = True
            control.should_training_stop = True
        return control

    def on_save(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_: Any
    ) -> None:
        """Only now does the checkpoint count."""
        seal(self._checkpoints / f"{PREFIX}{state.global_step}", self._spent.now())
