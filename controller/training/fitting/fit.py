"""The fit: from the newest whole checkpoint, or the start, to the last step."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

from controller.errors import TrainingError
from controller.job_protocol import Interrupted, JobFolder
from controller.training.failures import is_out_of_memory, out_of_memory
from controller.training.fitting.callbacks import (
    Checkpointing,
    Reporting,
    StopRequest,
    Validating,
    ending,
    validate_and_record,
)
from controller.training.fitting.checkpoints import Checkpoint, newest_whole
from controller.training.fitting.pruning import Pruning
from controller.training.fitting.repairs import (
    LOSS_NOT_FINITE,
    go_back_once,
    halve_the_batch,
    read_repairs,
)
from controller.training.fitting.sharding import is_sharded
from controller.training.fitting.stopping import Stopping
from controller.training.fitting.together import from_first
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
    """Of the weights that became the version's."""
    rows_seen: int
    """Rows that went forward and backward, over all epochs and attempts."""
    tokens: int | None = None
    """Of those rows, padding included."""
    best_step: int | None = None
    """The step whose weights became the version's, with early stopping."""
    stopped_at_step: int | None = None
    """The step after which early stopping ended the run; None when it did not."""
    repairs: list[dict[str, Any]] = field(default_factory=list)
    """What the run changed about itself instead of failing."""


def fit(learner: Learner, job: TrainJob, folder: JobFolder, spent: Spent) -> Fit:
    """Train ``learner.model`` in place; with early stopping, to the weights of the best step.

    Raises:
        Interrupted: After SIGTERM, with a checkpoint of the last step in place.
        StartAgain: With a repair in place; a new process goes on with it.
        TrainingError: When memory does not suffice for one row, or the loss is not finite again.
        PrunedError: When it is a trial of a search and has no chance.
    """
    validate = _validation(learner, job)
    if not any(value.requires_grad for value in learner.model.parameters()):
        # A linear probe is done when it is made.
        return Fit(0, None, validate_and_record(folder, validate, step=0), 0)
    tuner = FineTuner(learner, job, folder.checkpoints)
    stopping = Stopping(job.training.early_stopping, folder.checkpoints, tuner.save_trained)
    stopping.need_rows(job.prepared)
    validating = Validating(folder, validate, stopping, job.training.arguments.eval_steps)
    repairs = read_repairs(folder.path)
    stop = StopRequest()
    # Validation before reporting: the line that stands at an epoch's end is then "training" again.
    for callback in (
        validating,
        Reporting(folder, repairs[-1].message if repairs else ""),
        Checkpointing(folder.checkpoints, spent, stop, stopping),
        Pruning(job.trial, folder, validating),
    ):
        tuner.add_callback(callback)
    start = _newest_start(folder, spent, stopping)
    if start is not None and start.facts["is_finished"]:
        tuner.restore_trained(start.folder)
        ended = start.facts
    else:
        with stop.listening():
            failure = _step_to_the_end(tuner, start, spent)
        if failure is not None:
            _repair_or_raise(failure, job, folder, spent=spent, step=tuner.state.global_step + 1)
        if stop.is_made:
            raise Interrupted
        ended = ending(tuner.state)
    for best in stopping.needs():
        tuner.restore_trained(folder.checkpoints / best)
    standing = stopping.standing
    return Fit(
        steps=ended["step"],
        train_loss=ended["train_loss"],
        validation=standing.metrics or validating.measure(ended["step"]),
        rows_seen=round(ended["epoch"] * len(learner.rows)),
        tokens=ended.get("tokens"),
        best_step=standing.best_step,
        stopped_at_step=standing.stopped_at_step,
        repairs=[asdict(repair) for repair in repairs],
    )


def _validation(learner: Learner, job: TrainJob) -> Callable[[], Metrics]:
    if not is_sharded(job):
        return from_first(learner.validate)

    def validate() -> Metrics:
        own = learner.validate()  # no process can go forward alone
        told: Metrics = from_first(lambda: own)()
        return told

    return validate


def _newest_start(folder: JobFolder, spent: Spent, stopping: Stopping) -> Checkpoint | None:
    """The checkpoint to go on from, with what it says of time and early stopping taken over."""
    start = newest_whole(folder.checkpoints)
    if start is not None:
        spent.resume(start.facts)
        stopping.resume(start.facts)
        print(f"resuming from {start.folder.name}", flush=True)  # noqa: T201  (the job's log)
    return start


def _step_to_the_end(tuner: FineTuner, start: Checkpoint | None, spent: Spent) -> Exception | None:
    """Train; return, without what it holds in memory, an error that might be repaired."""
    spent.start_fit()
    try:
        tuner.train(resume_from_checkpoint=str(start.folder) if start is not None else None)
    except TrainingError as error:
        if error.reason == LOSS_NOT_FINITE:
            return error.with_traceback(None)
        raise
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            return MemoryError(str(error))
        raise
    finally:
        spent.end_fit()
    return None


def _repair_or_raise(
    failure: Exception, job: TrainJob, folder: JobFolder, *, spent: Spent, step: int
) -> NoReturn:
    if isinstance(failure, MemoryError):
        halve_the_batch(job, folder, spent, step)
        raise out_of_memory(job, "training with one row a batch") from failure
    go_back_once(job, folder, spent, step)
    raise failure
