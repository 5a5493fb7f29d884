"""Early stopping: which step was best on the validation rows, and when enough was tried.

What was found so far is sealed in every checkpoint, and the best step's weights lie beside the
checkpoints. A checkpoint counts only together with the best weights that it speaks of: so a run
that is killed after its best step ends with the same version as one that nobody disturbed.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from controller.errors import TrainingError
from controller.training.fitting.checkpoints import drop_unneeded, seal
from controller.training.learner import Metrics
from specs.evaluation import LOWER_IS_BETTER
from specs.training import EarlyStopping

BEST = "best-"


@dataclass(frozen=True)
class Standing:
    """How the run stands; sealed in each checkpoint."""

    best_step: int | None = None
    metrics: Metrics = field(default_factory=dict)
    """What validation measured at the best step."""
    misses: int = 0
    """Evaluations in a row without improvement."""
    stopped_at_step: int | None = None
    """The step after which the run was ended early."""

    def judged(self, wanted: EarlyStopping, step: int, metrics: Metrics) -> "Standing":
        """Take in what validation measured at ``step``."""
        if self._is_improved(wanted, metrics):
            return Standing(step, dict(metrics))
        misses = self.misses + 1
        return replace(
            self, misses=misses, stopped_at_step=step if misses >= wanted.patience else None
        )

    def _is_improved(self, wanted: EarlyStopping, metrics: Metrics) -> bool:
        value = metrics[wanted.metric]
        if self.best_step is None:
            return value == value  # noqa: PLR0124  (not NaN)
        gain = value - self.metrics[wanted.metric]
        return (-gain if wanted.metric in LOWER_IS_BETTER else gain) > wanted.threshold


class Stopping:
    """The early stopping of one run; without one in the spec it never stops and keeps nothing."""

    def __init__(
        self, wanted: EarlyStopping | None, checkpoints: Path, save: Callable[[Path], None]
    ) -> None:
        """``save`` writes the trained weights of this moment into a folder."""
        self._wanted = wanted
        self._checkpoints = checkpoints
        self._save = save
        self.standing = Standing()

    def need_rows(self, prepared: Path) -> None:
        """TrainingError now, and not after an epoch, when there is nothing to judge by."""
        rows = prepared / "validation.jsonl"
        if self._wanted is not None and not (rows.is_file() and rows.stat().st_size):
            raise _nothing_to_judge(self._wanted, {})

    def judge(self, step: int, metrics: Metrics) -> None:
        """Take in what validation measured at ``step``, and keep the weights if they are best.

        Raises:
            TrainingError: When there are no validation rows, or no such metric.
        """
        if self._wanted is None:
            return
        if self._wanted.metric not in metrics:
            raise _nothing_to_judge(self._wanted, metrics)
        self.standing = self.standing.judged(self._wanted, step, metrics)
        if self.standing.best_step == step:
            folder = self._checkpoints / f"{BEST}{step}"
            shutil.rmtree(folder, ignore_errors=True)
            self._save(folder)
            seal(folder, {})

    def facts(self) -> dict[str, Any]:
        """What a checkpoint must hold to go on from."""
        return {"standing": asdict(self.standing)} if self._wanted is not None else {}

    def resume(self, facts: Mapping[str, Any]) -> None:
        """Go on from what a checkpoint holds."""
        if self._wanted is not None and "standing" in facts:
            self.standing = Standing(**facts["standing"])

    def needs(self) -> list[str]:
        """The folder with the best weights so far, beside the checkpoints; none without one."""
        best = self.standing.best_step
        return [] if best is None else [f"{BEST}{best}"]

    def tidy(self) -> None:
        """Delete best weights that neither this moment nor a checkpoint speaks of any more."""
        drop_unneeded(self._checkpoints, BEST, keep=self.needs())


def _nothing_to_judge(wanted: EarlyStopping, metrics: Metrics) -> TrainingError:
    if not metrics:
        problem = "early stopping has no validation rows to judge by"
        fix = "raise data.validation.split, name a validation file, or take early_stopping out"
        return TrainingError(problem, reason="NoValidationRows", fix=fix)
    problem = f"training.early_stopping.metric: validation does not measure {wanted.metric}"
    fix = f"use {', '.join(sorted(metrics))}"
    return TrainingError(problem, reason="NotSupported", fix=fix)
