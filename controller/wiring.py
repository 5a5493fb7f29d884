"""Where the controller's tools are put together, from settings; the only place that does it."""

import os

from controller.context import Tools, utc_now
from controller.jobs import LocalExecutor
from controller.settings import ControllerSettings
from controller.source.git import process_environment
from controller.source.publish import Publisher
from controller.source.repository import Repository
from registry.artifacts import open_artifacts
from registry.store.database import Database


def open_tools(settings: ControllerSettings) -> Tools:
    """Open the registry and the repository that ``settings`` name."""
    environment = process_environment()
    repository = open_repository(settings)
    return Tools(
        settings=settings,
        database=Database.open(settings.resolved_database_url),
        artifacts=open_artifacts(settings),
        repository=repository,
        publisher=Publisher(
            repository,
            name=settings.bot_name,
            email=settings.bot_email,
            environment=environment,
        ),
        executor=LocalExecutor(
            threads=settings.training_threads or available_threads(), environment=environment
        ),
        clock=utc_now,
    )


def open_repository(settings: ControllerSettings) -> Repository:
    """Open the repository's mirror; nothing is fetched yet."""
    return Repository(
        settings.repo,
        branch=settings.branch,
        home=settings.home.absolute(),
        environment=process_environment(),
    )


def available_threads() -> int:
    """CPU threads that this process may really use: affinity, then the cgroup's quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(allowed or 1, _cgroup_quota() or allowed or 1))


def _cgroup_quota() -> int | None:
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:  # noqa: PTH123  (a kernel file, not a path)
            quota, period = file.read().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else max(1, int(quota) // int(period))
