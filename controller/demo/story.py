"""Tell the story: run the steps in order, show and time each, stop at the first that fails."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from controller.demo.stage import Stage, StepFailedError
from controller.demo.steps import Step
from specs.errors import TrueupError


def run_story(steps: Sequence[Step], stage: Stage, screen: Console) -> None:
    """Run ``steps`` on ``stage``.

    Raises:
        StepFailedError: One did not happen: which, why, and where the logs are.
    """
    for number, step in enumerate(steps, 1):
        started = time.monotonic()
        screen.print(f"{number:2} {step.title}", style="bold")
        try:
            with _shown(stage, screen):
                came_of_it = step.run(stage)
        except TrueupError as error:
            raise _with_logs(step, error, stage) from error
        seconds = time.monotonic() - started
        screen.print(Padding(f"{seconds:.1f} s: {came_of_it}", (0, 0, 0, 3)))


@contextmanager
def _shown(stage: Stage, screen: Console) -> Iterator[None]:
    """Show a step while it runs: a bar where it knows how far it is."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=screen, transient=True, disable=not screen.is_terminal
    ) as progress:
        task = progress.add_task("   ...", total=None)
        stage.tell = lambda ratio, text: _update(progress, task, f"   {text}", ratio)
        yield


def _update(progress: Progress, task: TaskID, text: str, ratio: float | None) -> None:
    total = None if ratio is None else 1.0
    progress.update(task, description=text, total=total, completed=ratio or 0.0)


def _with_logs(step: Step, error: TrueupError, stage: Stage) -> StepFailedError:
    where = f"logs are in {stage.home / 'logs'} and {stage.home / 'up.log'}"
    fix = f"{error.fix}; {where}" if error.fix else where
    return StepFailedError(f"the step {step.title!r} did not happen: {error}", fix=fix)
