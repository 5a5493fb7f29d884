"""The fit: from the newest whole checkpoint, or the start, to the last step."""

from dataclasses import dataclass

from controller.job_protocol import Interrupted, JobFolder
from controller.training.fitting.callbacks import Checkpointing, Reporting, StopRequest, Validating
from controller.training.fitting.checkpoints import newest_whole
from controller.training.fitting.trainer import FineTuner
from controller.training.job import TrainJob
from controller.training.learner import Learner, Metrics
from controller.training.spent import Spent


@dataclass(frozen=True)
class Fit:
    """What a finished fit measured."""

    steps: int
    train_loss: float | None
    """The mean over the last logged steps; None when nothing was stepped."""
    validation: Metrics
    rows_seen: int
    """Rows that went forward and backward, over all epochs and attempts."""


def fit(learner: Learner, job: TrainJob, folder: JobFolder, spent: Spent) -> Fit:
    """Train ``learner.model`` in place.

    Raises:
        Interrupted: After SIGTERM, with a checkpoint of the last step in place.
    """
    validating = Validating(folder, learner.validate)
    if not any(value.requires_grad for value in learner.model.parameters()):
        return Fit(0, None, validating.measure(0), 0)  # a linear probe is done when it is made
    stop = StopRequest()
    tuner = FineTuner(learner, job, folder.checkpoints)
    # Validation before reporting: the line that stands at an epoch's end is then "training" again.
    for callback in (validating, Reporting(folder), Checkpointing(folder.checkpoints, spent, stop)):
        tuner.add_callback(callback)
    start = newest_whole(folder.checkpoints)
    if start is not None:
        spent.resume(start.facts)
        print(f"resuming from {start.folder.name}", flush=True)  # noqa: T201  (the job's log)
    with stop.listening():
        spent.start_fit()
        tuner.train(resume_from_checkpoint=str(start.folder) if start is not None else None)
        spent.end_fit()
    if stop.is_made:
        raise Interrupted
    steps = tuner.state.global_step
    rows = round((tuner.state.epoch or 0) * len(learner.rows))
    return Fit(steps, _last_loss(tuner), validating.measure(steps), rows)


def _last_loss(tuner: FineTuner) -> float | None:
    losses = [entry["loss"] for entry in tuner.state.log_history if "loss" in entry]
    return losses[-1] if losses else None
