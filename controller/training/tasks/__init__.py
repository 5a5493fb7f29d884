"""Tasks: one file each, found by its name, behind one protocol.

``text-classification`` is ``text_classification.py``. A task's file has one function,
``open_learner(job, folder)``, that makes its ``Learner``; adding a task touches no other file here.
"""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from controller.errors import TrainingError
from controller.job_protocol import JobFolder
from controller.training.job import TrainJob
from controller.training.learner import Learner

OPENER = "open_learner"


def open_task(job: TrainJob, folder: JobFolder) -> Learner:
    """Make the learner of the job's task: rows read, base loaded, ready to be fitted.

    Raises:
        TrainingError: When there is no such task, or base, method and rows do not fit together.
    """
    module = f"{__name__}.{job.task.replace('-', '_')}"
    if find_spec(module) is None or not hasattr(import_module(module), OPENER):
        fix = f"the tasks are {', '.join(task_names())}"
        raise TrainingError(f"there is no task {job.task!r}", reason="NotSupported", fix=fix)
    learner: Learner = getattr(import_module(module), OPENER)(job, folder)
    return learner


def task_names() -> list[str]:
    """The tasks that there are, as specs name them."""
    modules = (found.name for found in iter_modules(__path__))
    tasks = (name for name in modules if hasattr(import_module(f"{__name__}.{name}"), OPENER))
    return [name.replace("_", "-") for name in tasks]
